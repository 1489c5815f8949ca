import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agents.base import Agent, AgentSettings
from actors.agents.ofi import Ofi
from actors.agents.ou_reversion import OuReversion
from actors.agents.ts_momentum import TsMomentum
from actors.agents.view import Evidence, View
from contracts.column import integers
from quant.features.engine import REGISTRY
from tests.kit.agents import WIDTH, a_regime, features, living, signal
from tests.kit.beliefs import a_feature_frame, an_outcome
from tests.kit.market import a_mark_frame, a_universe_changed, an_envelope, at


class OnFrame(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(np.tanh(view["z_20"]) + view.mid / 1000, view.deviation, np.exp(-view.age_s))


class OnBar(Agent):
    def on_bar(self, view: View) -> Evidence:
        assert len(view.symbols) == len(view.mid) == 1
        return Evidence.of(np.tanh(view["z_20"]) + view.mid / 1000, view.deviation, np.exp(-view.age_s))


class PlainNumbers(Agent):
    def on_bar(self, view: View) -> Evidence:
        score = math.tanh(float(view["z_20"][0])) + float(view.mid[0]) / 1000
        return Evidence.of(score, float(view.deviation[0]), math.exp(-float(view.age_s[0])))


class Constant(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(np.ones(len(view.symbols)), view.deviation)


class Flow(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(view["ofi_10s"], view.deviation)


WARM = {"z_20": 1.0, "ewma_vol": 0.001}


def settings(name: str = "mine", **changed) -> AgentSettings:
    return AgentSettings(**({"name": name, "horizon_s": 60.0, "prior": 0.05, "label_s": 1.0} | changed))


def flow() -> AgentSettings:
    return settings("order_flow", horizon_s=10.0)


def test_an_agent_per_instrument_says_what_the_same_agent_over_all_says():
    known = {"z_20": (0.5, -2.0, np.nan), "ewma_vol": (0.001, 0.002, 0.003)}
    whole = signal(living(OnFrame(settings()), mid=(100.0, 50.0, 10.0)), **known)
    assert signal(living(OnBar(settings()), mid=(100.0, 50.0, 10.0)), **known) == whole
    plain = signal(living(PlainNumbers(settings()), mid=(100.0, 50.0, 10.0)), **known)
    np.testing.assert_allclose(plain.mu.values, whole.mu.values, rtol=1e-12)


unknown = st.just(float("nan"))
row = st.lists(st.floats(-5.0, 5.0) | unknown, min_size=WIDTH, max_size=WIDTH)
positive = st.lists(st.floats(1e-4, 0.1) | unknown, min_size=WIDTH, max_size=WIDTH)
prices = st.lists(st.floats(1.0, 1e5) | unknown, min_size=WIDTH, max_size=WIDTH)


@given(row, positive, prices)
def test_whatever_is_known_one_by_one_and_all_at_once_are_the_same(z_20, ewma_vol, mid):
    whole, each = living(OnFrame(settings()), mid=mid), living(OnBar(settings()), mid=mid)
    assert signal(each, z_20=z_20, ewma_vol=ewma_vol) == signal(whole, z_20=z_20, ewma_vol=ewma_vol)


@given(row, positive, prices)
def test_a_mean_never_exceeds_what_any_agent_may_earn(z_20, ewma_vol, mid):
    said = signal(living(OnFrame(settings(prior=-0.1)), mid=mid), z_20=z_20, ewma_vol=ewma_vol)
    known = ~np.isnan(said.mu.values)
    assert (np.abs(said.mu.values[known]) <= 0.3 * said.sigma.values[known] * (1 + 1e-12)).all()
    assert (said.sigma.values[known] > 0).all()
    assert (np.isnan(said.mu.values) == np.isnan(said.sigma.values)).all()


def test_an_agent_that_overrides_nothing_or_both_is_refused():
    class Nothing(Agent):
        pass

    class Both(OnBar):
        def on_frame(self, view: View) -> Evidence:
            return Evidence.of(view.mid, view.deviation)

    for agent in (Nothing, Both):
        with pytest.raises(TypeError, match="expected on_frame or on_bar"):
            agent(settings())


def test_an_agent_that_believes_nothing_says_so_once_and_speaks_again_when_it_does():
    agent = living(OnFrame(settings()))
    frames = [a_feature_frame(values=features(**known), schema=REGISTRY.schema_hash) for known in ({}, WARM, {}, {})]
    said = [agent.receive(an_envelope(frame)) for frame in (frames[0], frames[0], frames[1], frames[1], *frames[2:])]
    assert [len(each) for each in said] == [1, 0, 1, 1, 1, 0]


def test_the_regime_heard_last_tags_what_is_believed():
    agent = living(OnFrame(settings()))
    assert signal(agent, **WARM).regime == ""
    agent.receive(an_envelope(a_regime(label="wild")))
    assert signal(agent, **WARM).regime == "wild"


def test_a_quote_older_than_the_horizon_gives_no_confidence():
    agent = living(Constant(settings()))
    assert (signal(agent, second=59, **WARM).confidence.values > 0).all()
    assert signal(agent, second=61, **WARM).confidence.values.tolist() == [0.0] * WIDTH


def test_marks_without_ticks_as_history_has_them_are_not_stale():
    agent = living(Constant(settings()))
    marks = a_mark_frame(mid=(100.0, 100.0, 100.0))
    agent.receive(an_envelope(msgspec.structs.replace(marks, tick_ns=integers([0, 0, 0])), seq=5))
    assert (signal(agent, second=9999, **WARM).confidence.values > 0).all()


def test_a_signal_is_nan_while_cold():
    for agent in (TsMomentum, OuReversion, Ofi):
        said = signal(living(agent(settings(agent.__name__.lower()))))
        assert np.isnan([said.mu.values, said.sigma.values, said.confidence.values, said.score.values]).all()
        assert said.based_on == (9, 5)


def test_an_instrument_without_a_valid_mark_is_not_believed_in():
    said = signal(living(Flow(flow()), mid=(100.0, np.nan, 100.0)), ofi_10s=1.0, ewma_vol=0.001)
    assert np.isnan(said.mu.values).tolist() == [False, True, False]


def test_without_bars_the_deviation_comes_from_mids_from_beat_to_beat():
    agent = living(Flow(flow()))
    said = None
    for second in range(1, 40):
        mid = 100.0 * (1.001 if second % 2 else 1.0)
        agent.receive(an_envelope(a_mark_frame(mid=(mid, 100.0, np.nan)), at_ns=at(second)))
        said = signal(agent, second=second, ofi_10s=1.0) if second in (4, 5, 39) else said
        assert second != 4 or np.isnan(said.sigma.values).all()
        assert second != 5 or np.isfinite(said.sigma[0])
    assert said.sigma[0] == pytest.approx(1e-3 * math.sqrt(10.0), rel=0.01)
    assert said.sigma[1] == pytest.approx(0.01 / 100.0)  # what never moved moves by a tick
    assert np.isnan(said.sigma[2])


def test_a_short_horizon_trusts_beats_and_a_long_one_bars():
    short, long = living(OnFrame(settings(horizon_s=10.0))), living(OnFrame(settings(horizon_s=600.0)))
    for agent in (short, long):
        for second in range(1, 40):
            mid = 100.0 * (1.001 if second % 2 else 1.0)
            agent.receive(an_envelope(a_mark_frame(mid=(mid, mid, mid)), at_ns=at(second)))
    assert signal(short, z_20=1.0, ewma_vol=0.05).sigma[0] == pytest.approx(1e-3 * math.sqrt(10.0), rel=0.01)
    assert signal(long, z_20=1.0, ewma_vol=0.05).sigma[0] == pytest.approx(0.05 * math.sqrt(10.0))


def test_an_agent_learns_from_its_own_outcomes_only():
    agent, stranger = living(Flow(flow())), living(Flow(flow()))
    for _ in range(400):
        right = an_outcome(author="order_flow", width=WIDTH, sigma=0.01, score=2.0, realised=0.02)
        agent.receive(an_envelope(right))
        stranger.receive(an_envelope(an_outcome(author="momentum", width=WIDTH, score=2.0, realised=0.02)))
    said = signal(agent, ofi_10s=1.0, ewma_vol=0.001)
    untaught = signal(stranger, ofi_10s=1.0, ewma_vol=0.001)
    assert (said.mu.values > untaught.mu.values).all()
    assert (said.confidence.values > untaught.confidence.values).all()
    assert untaught == signal(living(Flow(flow())), ofi_10s=1.0, ewma_vol=0.001)


def test_outcomes_wilder_than_said_widen_the_deviation():
    agent = living(Flow(flow()))
    before = signal(agent, ofi_10s=1.0, ewma_vol=0.001).sigma.values
    for _ in range(500):
        agent.receive(an_envelope(an_outcome(author="order_flow", width=WIDTH, sigma=0.01, score=0.0, realised=0.03)))
    assert (signal(agent, ofi_10s=1.0, ewma_vol=0.001).sigma.values > 1.3 * before).all()


def test_a_changed_universe_keeps_what_was_learned_and_waits_for_marks():
    agent = living(Flow(flow()))
    agent.receive(an_envelope(an_outcome(author="order_flow", width=WIDTH, realised=0.05)))
    learned = agent.snapshot().calibration
    agent.receive(an_envelope(a_universe_changed("BTC-EUR", version=2)))
    assert agent.snapshot().calibration == learned
    values = np.full((len(REGISTRY), 1), np.nan)
    frame = a_feature_frame(values=values, schema=REGISTRY.schema_hash, universe=2)
    assert tuple(agent.receive(an_envelope(frame))) == ()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"name": ""}, "name was empty"),
        ({"horizon_s": 0.0}, "horizon_s was 0"),
        ({"prior": 0.5}, "prior was 0.5, expected -0.1 to 0.1"),
        ({"label_s": -1.0}, "label_s was -1"),
    ],
)
def test_settings_that_cannot_be_believed_are_refused(changed, text):
    with pytest.raises(ValueError, match=text):
        settings(**changed)


def test_a_deviation_is_never_finer_than_the_mid_is_known():
    said = signal(living(OnFrame(settings()), spread_bps=40.0), z_20=1.0, ewma_vol=(1e-6, 0.01, np.nan))
    assert said.sigma.values == pytest.approx([20e-4, 0.01, np.nan], nan_ok=True)
