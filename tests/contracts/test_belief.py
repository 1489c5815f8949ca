"""Beliefs: one that says nothing sure is refused where it is made."""

import pytest

from contracts.belief import Opportunity, Signal


@pytest.mark.parametrize(
    "changed",
    [{"mu": float("nan")}, {"sigma": 0.0}, {"sigma": float("inf")}, {"horizon_s": 0.0}, {"confidence": 1.1}],
)
def test_a_signal_that_says_nothing_sure_is_refused(changed) -> None:
    facts = {
        "agent": "momentum",
        "symbol": "BTC-EUR",
        "mu": 0.001,
        "sigma": 0.01,
        "horizon_s": 900.0,
        "confidence": 0.5,
        "direction": "long",
        "regime": "",
        "based_on": (1,),
    }
    Signal(**facts)
    with pytest.raises(ValueError, match="momentum on BTC-EUR"):
        Signal(**(facts | changed))


def test_an_opportunity_whose_quantiles_fall_is_refused() -> None:
    with pytest.raises(ValueError, match="quantiles fall"):
        Opportunity(
            symbol="BTC-EUR",
            mu=0.0,
            sigma=0.01,
            horizon_s=900.0,
            confidence=1.0,
            cost_bps=3.0,
            quantiles=(0.0, -0.1),
            weights={},
            based_on=(),
        )
