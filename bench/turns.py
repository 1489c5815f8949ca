"""Whole turns of the assembled bot with its journal on a disk: per tick, per decision, end to end (P4, P5)."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from bot.assemble import Hooks, assemble
from bot.outside import Outside
from bot.worlds import simulated_world
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import UniverseChanged
from contracts.trade import Order, OrderNotSent, VenueStatus
from runtime.bus import Bus
from tests.kit.market import a_bar_history, a_book_snapshot, a_feed_status, a_tick, a_wide_universe, at
from tests.kit.orders import a_snapshot
from tests.kit.turns import Steps
from tests.kit.worlds import a_profile, a_start

WIDTHS = (10, 64, 250)
BEATS = 60
TICKS = 20_000
BARS = 300

Figures = dict[str, float]


def measure(widths: tuple[int, ...] = WIDTHS, beats: int = BEATS, ticks: int = TICKS) -> Figures:
    """Median CPU microseconds per turn: a tick, and signal plus decide beat over all actors that exist."""
    figures: Figures = {}
    for width in widths:
        with _bot(width) as (bus, clock, universe):
            figures |= {f"{name}_{width}": value for name, value in _decisions(bus, clock, universe, beats).items()}
    with _bot(10) as (bus, clock, universe):
        figures |= _ticks(bus, clock, universe, ticks)
    return figures


@contextmanager
def _bot(width: int) -> Iterator[tuple[Bus, Steps, Universe]]:
    """The canary's actors over so many instruments, warm and trading; its journal in a temporary directory."""
    profile = a_profile()
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as name:
        run = Path(name)
        journal = JournalWriter(PosixDisk(run / "journal"))
        world = simulated_world(profile, run, virtual=True)
        bus = assemble(
            profile, Outside(world.clock, world.feed, world.venue, journal, world.models, world.workers), Hooks()
        ).bus
        clock = Steps(at(0.5))
        bus.now = clock
        universe = a_wide_universe(width=width)
        _warm(bus, profile, universe)
        try:
            yield bus, clock, universe
        finally:
            journal.close()


def _warm(bus: Bus, profile: Any, universe: Universe) -> None:
    chance = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(chance.normal(0, 1e-3, (BARS, len(universe))), axis=0))
    bus.admit(a_start(profile), "process")
    bus.admit(UniverseChanged(universe), "feed")
    bus.admit(a_bar_history(close=closes, bar_s=60.0, last_close_ns=at(0)), "feed")
    bus.admit(a_feed_status(state="live", symbols=universe.symbols), "feed")
    bus.admit(VenueStatus("simulated", "live", ""), "venue")
    for symbol in universe.symbols:
        bids, asks = tuple((9_990 - k, 5) for k in range(10)), tuple((10_010 + k, 5) for k in range(10))
        bus.admit(a_book_snapshot(symbol=symbol, bids=bids, asks=asks), "feed")
    bus.admit(a_snapshot(), "venue")


def _decisions(bus: Bus, clock: Steps, universe: Universe, beats: int) -> Figures:
    unsent: list[str] = []
    bus.tap(lambda envelope: unsent.append(envelope.payload.client_id), (Order,))
    spent: dict[str, list[float]] = {"signal": [], "decide": []}
    for beat in range(1, beats + 1):
        for column, symbol in enumerate(universe.symbols):
            bid = 9_990 + (beat * 7 + column * 3) % 11
            bus.admit(a_tick(symbol=symbol, bid=bid, ask=bid + 4, bid_lots=1 + beat % 9, ask_lots=5), "feed")
        clock.at_ns = at(beat)
        for kind in ("signal", "decide"):
            spent[kind].append(_timed(bus, Beat(kind, beat)))
        for client_id in unsent:
            bus.admit(OrderNotSent(client_id, "bench"), "venue")
        unsent.clear()
    return {f"us_per_{kind}_turn": statistics.median(values) for kind, values in spent.items()} | {
        "us_per_signal_and_decision": statistics.median(map(sum, zip(*spent.values(), strict=True)))
    }


def _ticks(bus: Bus, clock: Steps, universe: Universe, count: int) -> Figures:
    """A tick from admission to the file, group commit included."""
    rows = [a_tick(symbol=universe.symbols[n % 10], bid=9_990 + n % 7, ask=9_998 + n % 5) for n in range(count)]
    rounds = []
    for _ in range(5):
        start = time.thread_time_ns()
        for row in rows:
            bus.admit(row, "feed")
        rounds.append((time.thread_time_ns() - start) / 1e3 / count)
    return {"us_per_tick_turn_journaled": statistics.median(rounds)}


def _timed(bus: Bus, payload: Any) -> float:
    start = time.thread_time_ns()
    bus.admit(payload, "bench")
    return (time.thread_time_ns() - start) / 1e3
