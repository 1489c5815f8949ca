import numpy as np
import pytest

from quant.remembering import Remembering, nested, part


class Pair(Remembering):
    remembered = ("left", "right")

    def __init__(self) -> None:
        self.left, self.right = np.zeros(2), np.zeros(1)


def test_a_state_is_a_copy_and_makes_an_equal_object():
    one, other = Pair(), Pair()
    one.left[0] = 3.0
    state = one.state()
    one.left[0] = 4.0
    other.load(state)
    state["left"][0] = 5.0
    assert other.left.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("state", [{"left": np.zeros(2)}, {"left": np.zeros(3), "right": np.zeros(1)}])
def test_a_state_that_does_not_fit_is_refused_whole(state):
    pair = Pair()
    pair.left[0] = 1.0
    with pytest.raises(ValueError, match="expected shape"):
        pair.load(state)
    assert pair.left[0] == 1.0


def test_parts_keep_names_of_their_own():
    state = nested("a", {"x": np.zeros(1)}) | nested("ab", {"x": np.ones(1)})
    assert part("a", state)["x"][0] == 0.0
    assert list(part("ab", state)) == ["x"]
