"""What an agent of the book remembers is kept as one."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.watching import Watching


def test_both_parts_are_kept_and_laid_out_together() -> None:
    one, again = (Watching(2, 0.05, 3600.0) for _ in range(2))
    for second in range(1, 50):
        score = one.see(np.array([1.0, np.nan]), second * 10**9)
        one.impact.say(score, np.array([100.0, 50.0]), second * 10**9)
        one.impact.hear(np.array([100.1, 50.0]), second * 10**9 + 1, np.full(2, 1e-4))
    again.load(one.state())
    for name, array in one.state().items():
        np.testing.assert_array_equal(again.state()[name], array)
    again.lay_out(np.array([1, 0, -1]))
    assert again.usual["count"].tolist() == [*one.usual["count"][::-1].tolist(), 0.0]
    assert again.impact["mid"].shape == (128, 3)


def test_what_is_absent_is_not_scaled() -> None:
    said = Watching(2, 0.05, 3600.0).see(np.array([2.0, np.nan]), 10**9)
    assert said == pytest.approx([1.0, np.nan], nan_ok=True)
