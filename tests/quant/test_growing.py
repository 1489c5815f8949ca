import numpy as np

from quant.growing import stopping_round
from quant.training import fit
from tests.kit.learning import QUICK, some_examples


def test_growing_stops_when_patience_is_spent():
    assert stopping_round(np.array([9.0, 5, 4, 4, 4.5, 4.2, 3]), 3) == 5
    assert stopping_round(np.array([9.0, 5, 4, 3.9, 3.8]), 3) == 4
    assert stopping_round(np.array([0.0, 5, 6, 7, 8]), 2) == 3


def test_progress_is_told_in_rounds():
    told: list[tuple[str, int, int]] = []
    fit(some_examples(), QUICK, 3, told=lambda *each: told.append(each))

    assert {each[0] for each in told} == {"residual", "free"}
    done = [each[1] for each in told if each[0] == "residual"]
    assert done == sorted(set(done))
    assert max(done) <= told[0][2] == 9 * QUICK.rounds_max
