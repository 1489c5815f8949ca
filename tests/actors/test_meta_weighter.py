import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.meta_weighter import MetaWeighter, MetaWeighterSettings
from contracts.belief import Slate
from tests.kit.beliefs import a_signal_frame
from tests.kit.market import a_beat, a_mark_frame, a_universe_changed, an_envelope, at

AGENTS = ("momentum", "reversion", "order_flow")


def a_weighter(*, agents: tuple[str, ...] = AGENTS, horizon_s: float = 3600.0, fee_bps: float = 0.0) -> MetaWeighter:
    weighter = MetaWeighter(MetaWeighterSettings(agents=agents, horizon_s=horizon_s))
    weighter.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR", fee_taker_bps=fee_bps)))
    return weighter


def tell(weighter: MetaWeighter, *payloads, second: float = 0.0, seq: int = 10) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(weighter.receive(an_envelope(payload, seq=seq + offset, at_ns=at(second)))) == ()
        weighter.check()


def slate_of(weighter: MetaWeighter, *, second: float = 0.0) -> Slate:
    (slate,) = weighter.receive(an_envelope(a_beat("decide"), seq=99, at_ns=at(second)))
    assert isinstance(slate, Slate)
    return slate


def test_where_nobody_believes_the_slate_says_so():
    weighter = a_weighter()
    slate = slate_of(weighter)
    assert np.isnan([slate.mu.values, slate.sigma.values, slate.cost_bps.values]).all()
    assert slate.confidence.values.tolist() == [0.0, 0.0]
    assert (slate.weights.values == 0).all()
    assert slate.based_on == ()


def test_the_slate_names_its_agents_their_weights_and_the_messages_it_came_from():
    weighter = a_weighter()
    tell(weighter, a_mark_frame(), a_signal_frame(agent="momentum"), a_signal_frame(agent="order_flow"), seq=20)
    slate = slate_of(weighter)
    assert slate.agents == AGENTS
    assert slate.weights.values[:, 0] == pytest.approx([0.5, 0.0, 0.5])
    assert slate.based_on == (21, 22, 20)


def test_the_mean_is_explained_by_the_weights():
    weighter = a_weighter()
    signals = [
        a_signal_frame(agent=agent, mu=mu, sigma=sigma, confidence=confidence)
        for agent, mu, sigma, confidence in zip(
            AGENTS, (0.01, -0.02, 0.005), (0.01, 0.02, 0.03), (0.9, 0.5, 0.1), strict=True
        )
    ]
    tell(weighter, *signals)
    slate = slate_of(weighter)
    mus = np.stack([signal.mu.values for signal in signals])
    assert slate.mu.values == pytest.approx((slate.weights.values * mus).sum(axis=0))
    spread = (slate.weights.values * (mus - slate.mu.values) ** 2).sum(axis=0)
    assert slate.disagreement.values == pytest.approx(spread)
    assert (slate.sigma.values**2 >= slate.disagreement.values).all()


def test_a_signal_older_than_its_horizon_is_out():
    weighter = a_weighter()
    tell(weighter, a_signal_frame(agent="momentum", mu=0.5, horizon_s=10.0))
    tell(weighter, a_signal_frame(agent="reversion", mu=0.001, horizon_s=60.0))
    assert slate_of(weighter, second=10).weights.values[0, 0] > 0
    slate = slate_of(weighter, second=11)
    assert slate.weights.values[:, 0] == pytest.approx([0.0, 1.0, 0.0])
    assert slate.mu.values == pytest.approx([0.001, 0.001])


def test_quantiles_rise_around_the_mean():
    weighter = a_weighter()
    tell(weighter, a_signal_frame())
    slate = slate_of(weighter)
    assert (np.diff(slate.quantiles.values, axis=0) > 0).all()
    assert slate.quantiles.values[4] == pytest.approx(slate.mu.values)


def test_cost_is_the_round_trip_of_the_instruments_own_schedule_and_the_spread():
    weighter = a_weighter(fee_bps=10.0)
    tell(weighter, a_mark_frame(mid=(100.0, np.nan), spread_bps=3.0))
    cost = slate_of(weighter).cost_bps.values
    assert cost[0] == pytest.approx(23.0)
    assert np.isnan(cost[1])


def test_a_stranger_is_not_blended_and_is_counted():
    weighter = a_weighter()
    tell(weighter, a_signal_frame(agent="passer-by"))
    assert weighter.state.strangers == 1
    assert np.isnan(slate_of(weighter).mu.values).all()


def test_a_changed_universe_forgets_beliefs_of_the_old_one():
    weighter = a_weighter()
    tell(weighter, a_signal_frame(), a_universe_changed("BTC-EUR", "ETH-EUR", "XRP-EUR", version=2))
    slate = slate_of(weighter)
    assert slate.universe == 2
    assert np.isnan(slate.mu.values).tolist() == [True] * 3


@pytest.mark.parametrize("agents", [(), ("momentum", "momentum")])
def test_a_blend_of_nobody_or_of_one_twice_is_refused(agents):
    with pytest.raises(ValueError, match="agents was"):
        MetaWeighterSettings(agents=agents, horizon_s=60.0)


beliefs = st.tuples(st.floats(-0.05, 0.05), st.floats(1e-4, 0.1), st.floats(0.0, 1.0))


@settings(max_examples=15)
@given(st.lists(beliefs, min_size=3, max_size=3), st.permutations(AGENTS))
def test_the_order_in_which_agents_speak_changes_nothing(said, order):
    def told(names):
        weighter = a_weighter()
        for name in names:
            mu, sigma, confidence = said[AGENTS.index(name)]
            tell(weighter, a_signal_frame(agent=name, mu=mu, sigma=sigma, confidence=confidence))
        return slate_of(weighter)

    assert (told(AGENTS).mu, told(AGENTS).sigma) == (told(order).mu, told(order).sigma)
