"""What a whole decision costs: a closed bar believed by twelve agents, blended with boosters, selected and gated (P5).

The shipped canary, its twelve agents and its journal on a disk, a tick of every instrument each minute and a decision
on every bar, so that what is measured is the dearest turn there is. CPU of the process, medians; per actor in
milliseconds.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from adapters.models.shelf import EmptyShelf
from bot.assemble import Hooks, assemble
from bot.configuration import convert, layers
from bot.outside import Outside
from bot.profile import Profile
from bot.worlds import simulated_world
from contracts.belief import ModelFitted
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import UniverseChanged
from contracts.model import ModelTexts
from contracts.trade import Order, OrderNotSent, VenueStatus
from quant.booster_inputs import BoosterInputs
from quant.features.engine import REGISTRY
from quant.quantile_regression import BinnedRows, BoosterSettings, LevelFit, Rows
from quant.quantiles import LEVELS, STUDENT_5
from runtime.bus import Bus
from runtime.cell import Cell, Say, hear
from tests.kit.market import a_bar_history, a_book_snapshot, a_feed_status, a_tick, a_wide_universe, at
from tests.kit.orders import a_snapshot
from tests.kit.turns import Steps
from tests.kit.worlds import a_start

WIDTHS = (10, 64, 250)
HISTORY_BARS = 1_500
MINUTES, COLD_MINUTES = 40, 8
ROUNDS, ROWS = 60, 4_000
PARTS_SHOWN = 8

Figures = dict[str, float]


def measure(widths: tuple[int, ...] = WIDTHS, minutes: int = MINUTES) -> Figures:
    """Milliseconds by width: history let in, the bar turn, the decide turn, both, and the dearest actors of both."""
    profile = convert(_layers(), Profile, "the canary of the bench")
    texts = _texts(profile)
    figures: Figures = {}
    for width in widths:
        with _bot(profile, texts, width) as (bus, clock, universe, history_ms):
            figures[f"ms_history_{HISTORY_BARS}_bars_{width}"] = history_ms
            figures |= {f"{name}_{width}": value for name, value in _minutes(bus, clock, universe, minutes).items()}
    return figures


def _layers() -> Any:
    layered = layers("canary", {})
    layered.values["trainer"]["enabled"] = False
    layered.values["planning"]["enabled"] = False
    return layered


class OneModel(EmptyShelf):
    """A shelf that gives the same model whatever is asked for."""

    def __init__(self, texts: ModelTexts) -> None:
        self._texts = texts

    def texts(self, model: str) -> ModelTexts:
        """That model."""
        return self._texts


@contextmanager
def _bot(profile: Profile, texts: ModelTexts, width: int) -> Iterator[tuple[Bus, Steps, Universe, float]]:
    """The canary over so many instruments, warm and trading, and the CPU its history took."""
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as name:
        journal = JournalWriter(PosixDisk(Path(name) / "journal"))
        world = simulated_world(profile, Path(name), virtual=True)
        outside = Outside(world.clock, world.feed, world.venue, journal, OneModel(texts), world.workers)
        bus = assemble(profile, outside, Hooks()).bus
        clock = Steps(at(0.5))
        bus.now = clock
        universe = a_wide_universe(width=width)
        try:
            yield bus, clock, universe, _warm(bus, profile, universe, texts)
        finally:
            journal.close()


def _warm(bus: Bus, profile: Profile, universe: Universe, texts: ModelTexts) -> float:
    chance = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(chance.normal(0, 1e-3, (HISTORY_BARS, len(universe))), axis=0))
    bus.admit(a_start(profile), "process")
    bus.admit(UniverseChanged(universe), "feed")
    history_ms = _timed(bus, a_bar_history(close=closes, bar_s=60.0, last_close_ns=at(0)))
    bus.admit(a_feed_status(state="live", symbols=universe.symbols), "feed")
    bus.admit(VenueStatus("simulated", "live", ""), "venue")
    for symbol in universe.symbols:
        bids, asks = tuple((9_990 - k, 5) for k in range(10)), tuple((10_010 + k, 5) for k in range(10))
        bus.admit(a_book_snapshot(symbol=symbol, bids=bids, asks=asks), "feed")
    bus.admit(a_snapshot(), "venue")
    for challenger in (False, True):
        fitted = ModelFitted(
            model=texts.model,
            schema=texts.schema,
            trained_until_ns=0,
            examples=ROWS,
            challenger=challenger,
            detail="bench",
        )
        bus.admit(fitted, "trainer")
    return history_ms


def _minutes(bus: Bus, clock: Steps, universe: Universe, minutes: int) -> Figures:
    unsent: list[str] = []
    bus.tap(lambda envelope: unsent.append(envelope.payload.client_id), (Order,))
    spent: dict[str, list[float]] = {"bar": [], "decide": []}
    by_actor: list[dict[str, float]] = []
    for minute in range(1, minutes + COLD_MINUTES + 1):
        clock.at_ns = at(60 * minute - 0.2)
        for column, symbol in enumerate(universe.symbols):
            bid = 9_990 + (minute * 7 + column * 3) % 11
            bus.admit(a_tick(symbol=symbol, bid=bid, ask=bid + 4, bid_lots=1 + minute % 9, ask_lots=5), "feed")
        clock.at_ns = at(60 * minute)
        with _metered() as meter:
            for kind, beat in (("bar", "signal"), ("decide", "decide")):
                spent[kind].append(_timed(bus, Beat(beat, minute)))  # type: ignore[arg-type]
        by_actor.append(dict(meter))
        for client_id in unsent:
            bus.admit(OrderNotSent(client_id, "bench"), "venue")
        unsent.clear()
    warm = {kind: values[COLD_MINUTES:] for kind, values in spent.items()}
    actors = {name: median(each.get(name, 0.0) for each in by_actor[COLD_MINUTES:]) for name in by_actor[-1]}
    dearest = sorted(actors, key=lambda name: -actors[name])[:PARTS_SHOWN]
    return (
        {f"ms_per_{kind}_turn": median(values) for kind, values in warm.items()}
        | {"ms_per_bar_and_decision": median(map(sum, zip(*warm.values(), strict=True)))}
        | {f"ms_{name}": actors[name] for name in dearest}
    )


@contextmanager
def _metered() -> Iterator[dict[str, float]]:
    """Milliseconds of CPU by actor while it is open."""
    spent: dict[str, float] = defaultdict(float)

    def timed(cells: Iterable[Cell], envelope: Envelope[Any], say: Say) -> None:
        for cell in cells:
            answers: list[tuple[Any, ...]] = []
            begun = time.process_time_ns()
            hear((cell,), envelope, lambda *said, answers=answers: answers.append(said))
            spent[cell.name] += (time.process_time_ns() - begun) / 1e6
            for said in answers:
                say(*said)

    with patch("runtime.bus.hear", timed):
        yield spent


def _timed(bus: Bus, payload: Any) -> float:
    begun = time.process_time_ns()
    bus.admit(payload, "feed")
    return (time.process_time_ns() - begun) / 1e6


def _texts(profile: Profile) -> ModelTexts:
    """A model of the size fits have, on noise: nobody asks what it says, only what asking costs."""
    horizon_s, bar_s = profile.horizon_s, profile.bars.bar_s
    inputs = BoosterInputs(tuple(profile.agents), REGISTRY.hashes, bar_s=bar_s, horizon_s=horizon_s)
    chance = np.random.default_rng(0)
    x, z = chance.normal(size=(ROWS, len(inputs.names))), chance.standard_t(5, ROWS)
    base = np.repeat(STUDENT_5[:, None], ROWS, axis=1)
    rows = Rows(x, base, z, np.ones(ROWS))
    binned = BinnedRows(rows, rows, BoosterSettings(), 3)
    fits = [LevelFit(binned, float(level), base[place], base[place]) for place, level in enumerate(LEVELS)]
    for fit in fits:
        fit.advance(ROUNDS)
    texts = tuple(fit.text() for fit in fits)
    return ModelTexts(
        model="ab" * 32,
        schema=inputs.schema,
        inputs=inputs.names,
        levels=tuple(LEVELS.tolist()),
        residual=texts,
        free=texts,
        start=tuple(STUDENT_5.tolist()),
        spread=(0.0,) * len(LEVELS),
        trained_until_ns=0,
        examples=ROWS,
    )
