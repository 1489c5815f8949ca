"""What the belief chain costs: CPU per tick turn, per signal turn and per decide turn, by the number of instruments."""

import statistics
import time
from typing import Any

from bench import whole_turns
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BarFrame, Tick, UniverseChanged
from runtime.actor import Actor
from tests.kit.belief_chain import BAR_S, a_chain, closes, factories
from tests.kit.market import a_bar_history, a_book_snapshot, a_tick, a_trade, a_wide_universe, an_envelope, at
from tests.kit.turns import Steps

WIDTHS = (10, 64, 250)
BEATS = 200
TICKS = 20_000

Figures = dict[str, float]


class Unkept:
    """A journal that keeps nothing: what is measured is the chain and the bus."""

    def append(self, envelope: Any, *, outside: bool) -> None: ...

    def end_turn(self) -> None: ...

    async def durable(self, seq: int) -> None: ...

    def close(self) -> None: ...


def measure(widths: tuple[int, ...] = WIDTHS, beats: int = BEATS, ticks: int = TICKS) -> Figures:
    """Median microseconds of CPU by kind of turn and width; `bar` turns are signal turns in which a bar closed.

    Then whole decisions of the assembled bot in milliseconds, by turn and by actor.
    """
    figures: Figures = {}
    for width in widths:
        figures |= {f"{name}_{width}": value for name, value in _turns(width, beats).items()}
    return figures | _ticks(ticks) | whole_turns.measure(widths)


def _warm(universe: Universe, clock: Steps) -> Any:
    bus = a_chain(journal=Unkept(), clock=clock, checked=False)  # type: ignore[arg-type]
    bus.admit(UniverseChanged(universe=universe), "bench")
    bus.admit(a_bar_history(close=closes(width=len(universe), bars=300), bar_s=BAR_S, last_close_ns=at(0)), "bench")
    for symbol in universe.symbols[::2]:
        levels = tuple((9_990 - step, 5) for step in range(20)), tuple((10_010 + step, 5) for step in range(20))
        bus.admit(a_book_snapshot(symbol=symbol, bids=levels[0], asks=levels[1]), "bench")
    return bus


def _turns(width: int, beats: int) -> Figures:
    clock = Steps(at(0.1))
    universe = a_wide_universe(width=width)
    bus = _warm(universe, clock)
    spent: dict[str, list[float]] = {"signal": [], "bar": [], "decide": []}
    closed: list[int] = []
    bus.tap(lambda envelope: closed.append(envelope.turn), (BarFrame,))
    for beat in range(1, beats + 1):
        for column, symbol in enumerate(universe.symbols):
            bid = 9_990 + (beat * 7 + column * 3) % 11
            bus.admit(a_tick(symbol=symbol, bid=bid, ask=bid + 4, bid_lots=1 + beat % 9, ask_lots=5), "bench")
        clock.at_ns = at(beat)
        signal = _timed(bus, Beat("signal", beat))
        spent["bar" if closed and closed[-1] == bus.turn else "signal"].append(signal)
        spent["decide"].append(_timed(bus, Beat("decide", beat)))
    return {f"us_per_{kind}_turn": statistics.median(values) for kind, values in spent.items()}


def _timed(bus: Any, payload: Any) -> float:
    start = time.thread_time_ns()
    bus.admit(payload, "bench")
    return (time.thread_time_ns() - start) / 1e3


def _ticks(count: int) -> Figures:
    """Per tick: the turn through marker, bar builder and book keeper, each of them alone, and the turn of a trade."""
    universe = a_wide_universe(width=10)
    rows = [
        a_tick(symbol=universe.symbols[n % 10], bid=9_990 + n % 7, ask=9_998 + n % 5, bid_lots=1 + n % 9)
        for n in range(count)
    ]
    trades = [a_trade(symbol=universe.symbols[n % 10], price=9_990 + n % 7) for n in range(count)]
    bus = a_chain(journal=Unkept(), clock=Steps(at(0.1)), checked=False)  # type: ignore[arg-type]
    bus.admit(UniverseChanged(universe=universe), "bench")
    figures = {"us_per_tick_turn": _each(lambda: [bus.admit(row, "bench") for row in rows], count)}
    figures["us_per_trade_turn"] = _each(lambda: [bus.admit(row, "bench") for row in trades], count)
    for name in ("marker", "bar_builder", "book_keeper"):
        actor = factories()[name][1]()
        figures[f"us_per_tick_{name}"] = _alone(actor, universe, rows)
    return figures


def _alone(actor: Actor, universe: Universe, rows: list[Tick]) -> float:
    actor.receive(an_envelope(UniverseChanged(universe=universe), at_ns=at(0.1)))
    envelopes = [an_envelope(row, seq=n, at_ns=at(0.1)) for n, row in enumerate(rows)]
    return _each(lambda: [actor.receive(envelope) for envelope in envelopes], len(rows))


def _each(run: Any, count: int, rounds: int = 5) -> float:
    taken = []
    for _ in range(rounds):
        start = time.thread_time_ns()
        run()
        taken.append((time.thread_time_ns() - start) / 1e3 / count)
    return min(taken)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:10.2f}")
