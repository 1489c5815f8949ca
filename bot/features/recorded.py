"""The features of a recorded run, computed again from its frames as they were said."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from actors.context_keeper import ContextKeeper, ContextKeeperSettings
from actors.feature_engine import FeatureEngine
from actors.trade_keeper import TradeKeeper
from adapters.journal.reader import records
from adapters.journal.record import Record
from bot.features.computed import Computed
from bot.profile import stored
from bot.replaying import JournalEmpty, journal_of
from contracts import codec
from contracts.belief import FeatureFrame
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import UniverseChanged
from quant.features.engine import REGISTRY
from quant.rolling import Floats
from runtime.actor import Actor

HISTORY_BEATS: Final = 20_000
"""How many beats of a run are remembered at most, the last ones: a few hours of decisions."""


class Frames:
    """The last feature frames over one universe."""

    def __init__(self, universe: Universe | None = None) -> None:
        self.universe = universe
        self.beats: deque[tuple[int, Floats]] = deque(maxlen=HISTORY_BEATS)

    def add(self, at_ns: int, frame: FeatureFrame) -> None:
        """One more beat."""
        self.beats.append((at_ns, frame.values.values))


def features_of(run: Path) -> Computed:
    """Every feature at every signal beat of a run since its universe last changed, as the run's own engine had them.

    Frames that the journal holds are taken from it; those it keeps only the digest of are made again from the trades,
    perpetuals and figures in it. Raises JournalEmpty where no beat was recorded.
    """
    profile = stored(run)
    engine, frames = FeatureEngine(profile.features), Frames()
    for envelope in _envelopes(records(journal_of(run)), engine.inputs, profile.context):
        if isinstance(envelope.payload, UniverseChanged):
            frames = Frames(envelope.payload.universe)
        for said in engine.receive(envelope):
            if isinstance(said, FeatureFrame):
                frames.add(envelope.at_ns, said)
    universe, beats = frames.universe, frames.beats
    if universe is None or not beats:
        raise JournalEmpty(f"{run} holds no signal beat: nothing was felt yet")
    values = np.stack([values for _, values in beats], axis=-1)
    at_ns = np.array([at for at, _ in beats], dtype=np.int64)
    by_name = dict(zip(REGISTRY.names, values, strict=True))
    return Computed(universe.symbols, at_ns, profile.features.bar_s, by_name, False)


def _envelopes(
    found: Iterable[Record], wanted: tuple[type[Any], ...], context: ContextKeeperSettings
) -> Iterator[Envelope[Any]]:
    """The wanted messages of a journal; of those it keeps only the digest what a keeper says to the same beat."""
    keepers: tuple[Actor, ...] = (TradeKeeper(), ContextKeeper(context))
    heard = {kind.__name__ for actor in keepers for kind in actor.inputs}
    names = {kind.__name__ for kind in wanted}
    made: dict[str, Any] = {}
    for record in found:
        if not record.kept:
            if record.type in names and record.type in made:
                yield _envelope(made.pop(record.type), record.seq, record.at_ns)
        elif record.type in names or record.type in heard:
            envelope = _envelope(codec.decode(record.type, record.payload), record.seq, record.at_ns)
            for keeper in keepers:
                if type(envelope.payload) in keeper.inputs:
                    made |= {type(payload).__name__: payload for payload in keeper.receive(envelope)}
            if record.type in names:
                yield envelope


def _envelope(payload: Any, seq: int, at_ns: int) -> Envelope[Any]:
    return Envelope(seq=seq, turn=seq, cause=0, at_ns=at_ns, source="record", payload=payload)
