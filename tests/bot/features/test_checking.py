"""The guard as a command: silent over what we have, and loud over what looks ahead."""

import numpy as np
import pytest

from bot.features import checking
from quant.features.engine import REGISTRY

SMALL = ((300.0, 90),)


def test_the_made_up_market_lets_every_raw_column_speak() -> None:
    history, at_ns = checking.made_up(np.random.default_rng(1), 300.0, 90)

    assert all(np.isfinite(column).any() for column in history.values())
    assert np.isnan(history["close"]).any()
    assert (np.diff(at_ns) == 300 * 10**9).all()


def test_every_computation_is_told_and_no_feature_is_accused() -> None:
    told: list[int] = []
    verdict = checking.check(1, 2, told.append, SMALL)

    assert verdict.faults == {}
    assert (verdict.features, verdict.prefix_cuts, verdict.poison_cuts) == (len(REGISTRY), 6, 1)
    assert 0 < sum(told) <= checking.computations(2)


def test_a_feature_that_looks_ahead_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel may not see the future, but a batch that hands it the whole history would let it."""
    honest = checking.batch

    def leaking(history, at_ns, **given):
        values = honest(history, at_ns, **given)
        ahead = np.roll(values["imb_l1"], -1, axis=1)
        return {**values, "imb_l1": ahead}

    monkeypatch.setattr(checking, "batch", leaking)

    assert list(checking.check(1, 2, markets=SMALL).faults) == ["imb_l1"]


@pytest.mark.numbers
def test_no_feature_of_all_looks_ahead_and_each_has_a_value_to_be_judged_by() -> None:
    verdict = checking.check(1, 8)

    assert verdict.faults == {}
    assert verdict.computed == verdict.features
