"""The driver of a backtest: lets history in, one message at a time, and the time with it; it never awaits.

At each stamp of closed bars: first everything the venue said until then, then the bars, then the beats. Believing is
done at every stamp, deciding at those on the grid of the cadence, never at the last one, because nothing follows that
could execute it. Between two stamps seconds are beaten only while an order is under way or rests: the desk looks after
orders by them, and nothing else would change. Where history is told in ticks alone, the beats are those of a live
metronome.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Final

import msgspec

from actors.gateways.feed_handler import FX_EVERY_NS
from actors.gateways.metronome import kinds_at, next_beat
from adapters.simulated.bar_prices import BarPrices
from adapters.simulated.prices import QuoteBoard
from bot.backtest.exchange import Exchange
from bot.backtest.timeline import BarStep, Moment
from contracts.instrument import Universe
from contracts.life import Beat, BeatKind
from contracts.market import BarHistory, FeedStatus, FxMark, Perp, Tick, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos
from runtime.bus import Bus
from runtime.clock import FixedClock

FEED: Final = "feed"
CADENCE: Final = "cadence"
"""Sources, as those of the live gateways."""

PROVE_EVERY_NS: Final = 86_400 * SECOND_NS
"""How often the venue's books are held against ours."""

AHEAD: Final = 256
"""Moments read at a time where they are told in runs."""

Seen = Callable[[Nanos], None]


class Driver:
    """One backtest over an assembled bus; `prices` is what the exchange's broker trades against.

    The venue is always shown what was said of perpetuals, the bot with `tells_funding` alone.
    """

    def __init__(
        self,
        bus: Bus,
        clock: FixedClock,
        exchange: Exchange,
        prices: BarPrices | QuoteBoard,
        *,
        decide_s: Seconds,
        rates: Mapping[str, Decimal],
        tells_funding: bool,
    ) -> None:
        self._bus, self._clock, self._exchange, self._prices = bus, clock, exchange, prices
        self._board = prices if isinstance(prices, QuoteBoard) else None
        self._decide_ns = nanos(decide_s)
        self._rates = dict(rates)
        self._tells_funding = tells_funding
        self._rates_due_ns: Nanos = 0
        self._proof_due_ns: Nanos = 0
        self._awaited_ns: Nanos = 0
        self._numbers: dict[BeatKind, int] = {"signal": 0, "decide": 0, "second": 0}

    def open(self, universe: Universe, history: BarHistory | None, at_ns: Nanos) -> None:
        """Say what a live process says before the first beat."""
        self._clock.set(at_ns)
        quoted = {each.quote for each in universe.instruments} | {each.settlement for each in universe.instruments}
        self._rates = {currency: rate for currency, rate in self._rates.items() if currency in quoted}
        self._admit(UniverseChanged(universe))
        if history is not None:
            self._admit(history)
        self._say_rates(at_ns)
        self._admit(FeedStatus("history", "live", 1, universe.symbols, "history"))
        self._exchange.open()
        self._proof_due_ns = at_ns + PROVE_EVERY_NS

    def run(self, moments: Iterable[Moment], seen: Seen, *, each: bool = False) -> None:
        """Let all of history in; `seen` is told the time after each moment, or after a run of quotes unless `each`."""
        if self._board is None or each:
            for moment in moments:
                self._tell(*moment)
                seen(moment[0])
        else:
            self._tell_runs(self._board, iter(moments), seen)
        self._exchange.run_until(self._clock.now() + SECOND_NS)

    def _tell_runs(self, board: QuoteBoard, moments: Iterator[Moment], seen: Seen) -> None:
        """The same moments, quotes in runs: until a beat is due, while nothing is under way at the venue."""
        ahead: list[Moment] = []
        while ahead := ahead or list(islice(moments, AHEAD)):
            at_ns, thing = ahead[0]
            told = 1
            if type(thing) is Tick and at_ns < self._awaited_ns and self._exchange.idle:
                due = bisect_left(ahead, self._awaited_ns, key=itemgetter(0))
                told = self._bus.admit_run(ahead[:due], FEED, self._clock.set)
                for quote in map(itemgetter(1), ahead[:told]):
                    board.quote(quote)  # only now: the venue does not look at them before time passes there
            else:
                self._tell(at_ns, thing)
            seen(ahead[told - 1][0])
            del ahead[:told]

    def _tell(self, at_ns: Nanos, thing: BarStep | msgspec.Struct) -> None:
        exchange, board = self._exchange, self._board
        if at_ns < self._awaited_ns and exchange.idle:
            self._clock.set(at_ns)
        else:
            self._pass_time(at_ns, beating=board is not None)
        if isinstance(thing, BarStep):
            self._on_bars(thing)
            return
        if type(thing) is Perp:
            exchange.show(thing)
            if not self._tells_funding:
                return
        elif board is not None and type(thing) is Tick:
            board.quote(thing)
        self._bus.admit(thing, FEED)

    def _on_bars(self, step: BarStep) -> None:
        at_ns = step.closed.close_ns
        if isinstance(self._prices, BarPrices):
            self._prices.turn_to(step.coming)
        self._say_rates(at_ns)
        self._bus.admit(step.closed, FEED)
        self._beat("signal")
        if step.coming is not None and at_ns % self._decide_ns == 0:
            self._beat("decide")
        self._beat("second")

    def _pass_time(self, until_ns: Nanos, *, beating: bool) -> None:
        """Let the venue speak and the seconds pass; in ticks every beat of the cadence, else those somebody needs."""
        last_ns = until_ns if beating else until_ns - 1
        while beating or not self._exchange.idle:
            due_ns = next_beat(self._clock.now(), self._decide_ns if beating else SECOND_NS)
            if due_ns > last_ns:
                break
            self._exchange.run_until(due_ns)
            self._clock.set(due_ns)
            self._say_rates(due_ns)
            for kind in kinds_at(due_ns, self._decide_ns) if beating else ("second",):
                self._beat(kind)
        self._exchange.run_until(until_ns)
        self._clock.set(until_ns)
        if until_ns >= self._proof_due_ns:
            self._proof_due_ns = until_ns + PROVE_EVERY_NS
            self._exchange.prove()
        self._awaited_ns = self._proof_due_ns
        if beating:
            self._awaited_ns = min(self._awaited_ns, next_beat(until_ns, self._decide_ns))

    def _beat(self, kind: BeatKind) -> None:
        number = self._numbers[kind] = self._numbers[kind] + 1
        self._bus.admit(Beat(kind, number), CADENCE)

    def _say_rates(self, now_ns: Nanos) -> None:
        if now_ns >= self._rates_due_ns:
            self._rates_due_ns = now_ns + FX_EVERY_NS
            for currency, rate in self._rates.items():
                self._admit(FxMark(currency, rate, now_ns))

    def _admit(self, payload: msgspec.Struct) -> None:
        self._bus.admit(payload, FEED)
