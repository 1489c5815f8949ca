"""What an agent remembers: kept exactly, and laid out anew when the universe changes."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.memory import Memory, full


def a_memory() -> Memory:
    memory = Memory({"seen": full(3, of=-1.0), "rows": full(3, 2)}, {"count": np.array([7], dtype=np.int64)})
    memory["seen"][:] = (1.0, 2.0, 3.0)
    memory["rows"][1] = (4.0, 5.0, 6.0)
    return memory


def test_what_was_stored_is_loaded_bit_for_bit_and_shares_nothing() -> None:
    memory, again = a_memory(), Memory({"seen": full(3), "rows": full(3, 2)}, {"count": np.zeros(1, dtype=np.int64)})
    state = memory.state()
    again.load(state)
    memory["seen"][0] = 99.0
    assert again["seen"].tolist() == state["seen"].tolist() == [1.0, 2.0, 3.0]
    assert again["count"].dtype == np.int64


def test_a_state_of_other_arrays_is_refused() -> None:
    with pytest.raises(ValueError, match="a memory of other, expected seen, rows, count"):
        a_memory().load({"other": np.zeros(3)})


def test_instruments_that_stay_keep_what_is_known_of_them_and_new_ones_begin_empty() -> None:
    memory = a_memory()
    memory.lay_out(np.array([2, -1, 0, 1]))
    assert memory["seen"].tolist() == [3.0, -1.0, 1.0, 2.0]
    assert memory["rows"].tolist() == [[0.0] * 4, [6.0, 0.0, 4.0, 5.0]]
    assert memory["count"].tolist() == [7]
