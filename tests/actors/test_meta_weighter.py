import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.meta_weighter import MetaWeighter, MetaWeighterSettings, MetaWeighterState
from contracts.belief import Example, Slate
from contracts.codec import decode_state, encode
from contracts.model import ModelTexts
from contracts.ports import ModelRejected
from quant.chain import Chain
from quant.features.engine import REGISTRY
from quant.quantile_regression import canonical
from quant.quantiles import LEVELS, STUDENT_5
from tests.kit.beliefs import (
    a_drift_state,
    a_feature_frame,
    a_model_fitted,
    a_regime_state,
    a_signal_frame,
    an_outcome,
)
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


def chain_of(weighter: MetaWeighter) -> Chain:
    assert weighter.chain is not None
    return weighter.chain


def a_learner(models=None, **changed) -> MetaWeighter:
    settings = MetaWeighterSettings(agents=AGENTS, horizon_s=60.0, bar_s=60.0, **changed)
    weighter = MetaWeighter(settings, models)
    weighter.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
    return weighter


def features(values: float = 1.0, *, schema: str = REGISTRY.schema_hash):
    table = np.full((len(REGISTRY.names), 2), values)
    table[REGISTRY.names.index("s_ref")] = 0.01
    return a_feature_frame(values=table, schema=schema)


def a_minute(weighter: MetaWeighter, minute: int, realised=0.0) -> Slate:
    """The label of the last minute closes, agents speak, a slate is said."""
    if minute:
        closed = an_outcome(author="blend", realised=realised, said_ns=at(60 * (minute - 1)), horizon_s=60.0)
        examples = tuple(weighter.receive(an_envelope(closed, at_ns=at(60 * minute))))
        assert [type(each) for each in examples] == [Example]
    signals = [a_signal_frame(agent=agent, horizon_s=60.0) for agent in AGENTS]
    tell(weighter, features(), a_regime_state(), a_drift_state(), *signals, second=60.0 * minute)
    weighter.check()
    return slate_of(weighter, second=60.0 * minute)


def test_a_closed_label_teaches_and_is_said_as_an_example():
    weighter = a_learner()
    a_minute(weighter, 0)
    closed = an_outcome(author="blend", realised=(0.02, np.nan), said_ns=at(0), horizon_s=60.0)
    (example,) = weighter.receive(an_envelope(closed, seq=77, at_ns=at(60)))
    assert isinstance(example, Example)
    assert (example.said_ns, example.end_ns) == (at(0), at(60))
    assert example.z.values[0] == pytest.approx(2.0)
    assert np.isnan(example.z.values[1])
    assert example.scale.values.tolist() == [0.01, 0.01]
    assert example.x.values.shape == (2, len(chain_of(weighter).inputs.names))
    assert example.base.values.shape == (9, 2)
    assert (example.schema, example.based_on) == (chain_of(weighter).inputs.schema, (77,))
    assert chain_of(weighter).recalibrations[0].labels == 1


def test_outcomes_of_agents_of_other_universes_and_of_unknown_beliefs_teach_nothing():
    weighter = a_learner()
    a_minute(weighter, 0)
    for outcome in (
        an_outcome(author="momentum", said_ns=at(0)),
        an_outcome(author="blend", said_ns=at(0), universe=9),
        an_outcome(author="blend", said_ns=at(1)),
    ):
        tell(weighter, outcome)
    assert weighter.state.unknown_labels == 1
    assert chain_of(weighter).recalibrations[0].labels == 0


def test_a_slate_explains_itself():
    weighter = a_learner()
    slate = a_minute(weighter, 0)
    assert (slate.rung, slate.model, slate.regime) == ("pool", "", "normal")
    assert slate.experts == ("pool", "reference", "stack", "booster")
    assert slate.expert_weights.values.shape == (9, 4)
    assert slate.stack.values.shape == (3, 3)
    assert slate.scale.values.tolist() == [0.01, 0.01]
    assert ((slate.p_up.values > 0.5) & (slate.p_up.values < 1.0)).all()
    assert (slate.es_long.values > 0.01).all()
    assert (slate.es_short.values > slate.es_long.values).all()
    assert (slate.mu_error.values > 0).all()


def test_features_of_another_schema_are_not_used_and_counted():
    weighter = a_learner()
    tell(weighter, features(schema="other"), a_signal_frame(sigma=0.03, horizon_s=60.0))
    assert slate_of(weighter).scale.values == pytest.approx([0.03, 0.03])
    assert weighter.state.other_features == 1


def test_an_agent_that_drift_leaves_out_has_no_say_until_it_is_back():
    weighter = a_weighter()
    tell(weighter, a_signal_frame(agent="momentum", mu=0.5), a_signal_frame(agent="reversion", mu=0.001))
    tell(weighter, a_drift_state(dropped=("momentum",)))
    slate = slate_of(weighter)
    assert slate.weights.values[:, 0] == pytest.approx([0.0, 1.0, 0.0])
    assert slate.mu.values == pytest.approx([0.001, 0.001])
    tell(weighter, a_drift_state())
    assert slate_of(weighter).weights.values[0, 0] > 0


def test_drift_widens_the_slate_and_takes_it_back_to_the_pool():
    weighter = a_learner()
    calm = a_minute(weighter, 0)
    tell(weighter, a_drift_state(level="widen", sigma_factor=1.25))
    assert slate_of(weighter).sigma.values == pytest.approx(1.25 * calm.sigma.values)
    chain_of(weighter).ladder.standing[:] = 1.0
    assert slate_of(weighter).rung == "stack"
    tell(weighter, a_drift_state(level="pool", sigma_factor=1.25))
    assert slate_of(weighter).rung == "pool"


def test_a_weighter_restored_from_its_snapshot_goes_on_bit_for_bit():
    one, other = a_learner(), a_learner()
    chance = np.random.default_rng(5)
    for minute in range(180):
        a_minute(one, minute, realised=0.01 * chance.standard_normal(2))
    data = encode(one.snapshot())
    other.restore(decode_state(MetaWeighterState, data))
    assert encode(other.snapshot()) == data
    for minute in range(180, 200):
        realised = 0.01 * chance.standard_normal(2)
        assert a_minute(one, minute, realised) == a_minute(other, minute, realised)


class Store:
    """A store of one model."""

    def __init__(self, texts) -> None:
        self._texts = texts

    def texts(self, model: str):
        if model != self._texts.model:
            raise ModelRejected(f"model {model} is not here")
        return self._texts


def some_boosters(weighter: MetaWeighter):
    """Boosters of one leaf each for the weighter's inputs, which say the base moved by nothing much."""
    import lightgbm

    names = chain_of(weighter).inputs.names
    rows = lightgbm.Dataset(np.random.default_rng(1).random((80, len(names))), np.linspace(-1, 1, 80))
    settings = {
        "objective": "quantile",
        "verbosity": -1,
        "num_threads": 1,
        "num_leaves": 3,
        "boost_from_average": False,
    }
    texts = [canonical(lightgbm.train(settings, rows, 2).model_to_string())] * 9
    return ModelTexts(
        model="ab" * 32,
        schema=chain_of(weighter).inputs.schema,
        inputs=names,
        levels=tuple(LEVELS.tolist()),
        residual=tuple(texts),
        free=tuple(texts),
        start=tuple(STUDENT_5.tolist()),
        spread=(0.0,) * 9,
        trained_until_ns=1,
        examples=600,
    )


def test_a_fitted_model_speaks_from_then_on_and_is_built_again_after_a_restart():
    store = Store(some_boosters(a_learner()))
    one, other = a_learner(store), a_learner(store)
    tell(one, a_model_fitted(challenger=True))
    assert chain_of(one).boosters.names() == ("ab" * 32, "")
    slate = a_minute(one, 0)
    chain_of(one).ladder.standing[:] = 2.0
    boosted = slate_of(one)
    assert (boosted.rung, boosted.model) == ("booster", "ab" * 32)
    assert (boosted.expert_weights.values[:, 3] > 0).all()
    assert slate.rung == "pool"
    other.restore(decode_state(MetaWeighterState, encode(one.snapshot())))
    assert slate_of(other) == boosted
    tell(one, a_model_fitted(model=""))
    assert slate_of(one).rung == "stack"


def test_a_model_of_other_inputs_or_that_no_store_has_is_refused_and_counted():
    fitted = some_boosters(a_learner())
    other = msgspec.structs.replace(fitted, schema="00" * 32)
    for models, name in ((Store(other), "ab" * 32), (Store(fitted), "cd" * 32), (None, "ab" * 32)):
        weighter = a_learner(models)
        tell(weighter, a_model_fitted(model=name))
        assert weighter.state.models_refused == 1
        assert a_minute(weighter, 0).rung == "pool"


def test_a_changed_universe_keeps_what_was_learned():
    weighter = a_learner()
    for minute in range(5):
        a_minute(weighter, minute, realised=0.01)
    tell(weighter, a_universe_changed("ETH-EUR", "XRP-EUR", version=2))
    assert chain_of(weighter).recalibrations[0].labels == 4
    assert chain_of(weighter).skill.direction.any()
    assert chain_of(weighter).pending == {}
