from typing import Any

import numpy as np

from actors.shard_beliefs import ShardAgent, ShardFeatures
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import flags, floats, integers
from contracts.envelope import Envelope
from contracts.market import MarkFrame, UniverseChanged
from contracts.stream import ShardFrames
from tests.kit.market import a_universe

UNIVERSE = a_universe()
WIDTH = len(UNIVERSE)


def signal(agent: str = "flow", mu: float = 0.5, universe: int = UNIVERSE.version) -> SignalFrame:
    column = floats(np.full(WIDTH, mu))
    return SignalFrame(agent, universe, 60.0, column, column, column, column, "calm", (7,))


def features(universe: int = UNIVERSE.version) -> FeatureFrame:
    return FeatureFrame(universe, "schema", floats(np.ones((2, WIDTH))), ("slow",), (3,))


def frames(*signals: SignalFrame, late: tuple[str, ...] = (), of: FeatureFrame | None = None) -> ShardFrames:
    return ShardFrames(stream="a", epoch=1, seq=9, beat=4, features=of, signals=signals, late=late)


def marks() -> MarkFrame:
    price, whole = floats(np.ones(WIDTH)), integers(np.ones(WIDTH))
    return MarkFrame(UNIVERSE.version, price, price, price, whole, whole, flags(np.ones(WIDTH, dtype=bool)))


def tell(actor: Any, *said: Any) -> list[Any]:
    answers: list[Any] = []
    for seq, payload in enumerate((UniverseChanged(UNIVERSE), marks(), *said), start=1):
        answers += actor.receive(Envelope(seq, seq, 0, seq, "stream", payload))
    return answers


def test_features_are_said_as_if_they_were_computed_here() -> None:
    (said,) = tell(ShardFeatures(), frames(of=features()))

    assert (said.values, said.cold, said.schema) == (features().values, ("slow",), "schema")
    assert said.based_on == (2, 3), "the marks of the beat and the frames of the shards, of this run"


def test_features_that_did_not_come_or_are_of_another_universe_are_not_said() -> None:
    actor = ShardFeatures()

    assert tell(actor, frames(), frames(of=features(universe=99))) == []
    assert (actor.state.missed, actor.state.strange) == (1, 1)


def test_an_agent_says_what_its_shard_said() -> None:
    (said,) = tell(ShardAgent("flow", 60.0), frames(signal("other"), signal("flow")))

    assert (said.agent, said.mu, said.regime) == ("flow", signal().mu, "calm")
    assert said.based_on == (3, 2)


def test_an_agent_without_anything_to_say_says_nothing() -> None:
    assert tell(ShardAgent("flow", 60.0), frames(signal("other"))) == []


def test_an_agent_whose_part_is_late_believes_nothing_once_until_it_is_back() -> None:
    late = frames(late=("flow",))

    first, silent, again = tell(ShardAgent("flow", 60.0), frames(signal()), late, late, frames(signal()))

    assert (first.agent, again.mu) == ("flow", signal().mu)
    assert np.isnan(silent.mu.values).all() and np.isnan(silent.sigma.values).all()
    assert (silent.horizon_s, silent.universe) == (60.0, UNIVERSE.version)


def test_an_agent_that_believed_nothing_needs_not_fall_silent() -> None:
    actor = ShardAgent("flow", 60.0)

    assert tell(actor, frames(late=("flow",))) == []
    assert actor.state.missed == 1


def test_signals_of_another_universe_or_width_are_not_said() -> None:
    actor = ShardAgent("flow", 60.0)
    one = floats([0.1])
    short = SignalFrame("flow", UNIVERSE.version, 60.0, one, one, one, one, "", ())

    assert tell(actor, frames(signal(universe=99)), frames(short)) == []
    assert actor.state.strange == 2


def test_what_is_remembered_survives_a_restart() -> None:
    pairs: list[tuple[Any, Any]] = [
        (ShardFeatures(), ShardFeatures()),
        (ShardAgent("flow", 60.0), ShardAgent("flow", 60.0)),
    ]
    for actor, again in pairs:
        tell(actor, frames(signal(), of=features()))
        again.restore(actor.snapshot())

        assert again.snapshot() == actor.snapshot()
