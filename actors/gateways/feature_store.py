"""The feature writer: keeps the newest features in a store for others to read, and looks what became of it.

It is on no path of a decision and may fail all day: a frame that could not be written is counted and forgotten, for the
next one takes its place. Where frames come faster than they can be written the newest is written and the others let go.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from actors.settings import more_than_zero
from contracts.belief import FeatureFrame
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import UniverseChanged
from contracts.ports import Clock, FeatureStore, StoreUnavailable
from contracts.quantities import Nanos, Seconds, nanos, seconds
from contracts.stored_features import StoredFeatures, feature_set, stored
from runtime.actor import Admit, Gateway, Inbox
from runtime.metrics import Histogram

LATENCY_S = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5)


class FeatureWriterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often features are written at most, and how often what was written is read again.

    Raises:
        ValueError: a time that is not positive.
    """

    every_s: Seconds = 1.0
    check_s: Seconds = 60.0

    def __post_init__(self) -> None:
        more_than_zero("the feature writer", every_s=self.every_s, check_s=self.check_s)


class StoreFigures:
    """What the writer came to; outlives its restarts. `lost` are values that were written and not found again."""

    def __init__(self) -> None:
        self.written = 0
        self.let_go = 0
        self.failures = 0
        self.lost = 0
        self.refused: dict[str, int] = {}
        self.away = False
        self.why = ""
        self.write_s = Histogram(LATENCY_S)
        self.read_s = Histogram(LATENCY_S)


class FeatureWriter(Gateway):
    """Writes `FeatureFrame`s for the instruments of the universe; `bar_s` and `horizon_bars` as they were felt on."""

    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, FeatureFrame)

    def __init__(
        self,
        store: FeatureStore,
        clock: Clock,
        settings: FeatureWriterSettings,
        figures: StoreFigures,
        *,
        bar_s: Seconds,
        horizon_bars: int,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._bar_s, self._horizon_bars = bar_s, horizon_bars
        self._universe: Universe | None = None
        self._wrote_ns: Nanos = 0
        self._looked_ns: Nanos = clock.now()
        self.figures = figures

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled."""
        try:
            async for envelope in inbox:
                newest = self._heard(envelope, None)
                for unread in inbox.unread():
                    newest = self._heard(unread, newest)
                if newest is not None:
                    await self._keep(newest)
        finally:
            await self._store.close()

    def _heard(self, envelope: Envelope[Any], before: Envelope[Any] | None) -> Envelope[Any] | None:
        if isinstance(envelope.payload, UniverseChanged):
            self._universe = envelope.payload.universe
            return None
        if before is not None:
            self.figures.let_go += 1
        return envelope

    async def _keep(self, envelope: Envelope[Any]) -> None:
        frame: FeatureFrame = envelope.payload
        universe = self._universe
        if (
            universe is None
            or frame.universe != universe.version
            or envelope.at_ns - self._wrote_ns < nanos(self._settings.every_s)
        ):
            self.figures.let_go += 1
            return
        of = feature_set(frame.schema, len(frame.values), bar_s=self._bar_s, horizon_bars=self._horizon_bars)
        rows = stored(of, universe.symbols, frame.values.values, seq=envelope.seq, at_ns=envelope.at_ns)
        self._wrote_ns = envelope.at_ns
        figures, began_ns = self.figures, self._clock.now()
        try:
            await self._store.write(rows)
            figures.write_s.observe(seconds(self._clock.now() - began_ns))
            figures.written += len(rows.symbols)
            if began_ns - self._looked_ns >= nanos(self._settings.check_s):
                await self._look(rows)
        except StoreUnavailable as error:
            figures.failures += 1
            figures.why = str(error)
        figures.away, figures.refused = self._store.is_away, self._store.refused

    async def _look(self, rows: StoredFeatures) -> None:
        """Read what was just written: acknowledged values may be gone, and others may have written over them."""
        self._looked_ns = began_ns = self._clock.now()
        found = await self._store.read(rows.of, rows.symbols, since_ns=int(rows.at_ns[0]) if len(rows.at_ns) else 0)
        self.figures.read_s.observe(seconds(self._clock.now() - began_ns))
        self.figures.lost += int((~found.present).sum())
