import numpy as np
import pytest

from actors.slates import cost_bps, slate_of
from quant.quantiles import LEVELS
from tests.kit.beliefs import a_regime_state
from tests.kit.chains import AGENTS, a_chain, live
from tests.kit.market import a_mark_frame


def test_a_round_trip_costs_two_fees_and_the_spread_and_is_not_known_without_a_mark():
    fees = np.array([10.0, 10.0])
    cost = cost_bps(a_mark_frame(mid=(100.0, np.nan), spread_bps=3.0), fees)
    assert cost[0] == pytest.approx(23.0)
    assert np.isnan(cost[1])
    assert np.isnan(cost_bps(None, fees)).all()


@pytest.mark.parametrize("regime", [None, a_regime_state()])
def test_a_slate_says_all_of_the_blend(regime):
    blend = live(a_chain(), instants=3)
    slate = slate_of(
        blend,
        universe=7,
        horizon_s=60.0,
        agents=AGENTS,
        cost_bps=np.full(3, 2.0),
        regime=regime,
        model="ab",
        schema="cd",
        based_on=(1, 2),
    )
    for name in ("mu", "sigma", "confidence", "quantiles", "weights", "p_up", "es_long", "es_short", "pool_quantiles"):
        np.testing.assert_array_equal(getattr(slate, name).values, getattr(blend, name), err_msg=name)
    assert slate.levels.values.tolist() == LEVELS.tolist()
    assert slate.regimes.values.sum() == pytest.approx(1.0)
    assert (slate.universe, slate.model, slate.schema, slate.rung) == (7, "ab", "cd", "pool")
