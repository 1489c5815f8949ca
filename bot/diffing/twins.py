"""Two lives of one run, turn by turn: the recorded one, held to its record, and the same market under another policy.

The first life is an ordinary replay: it proves that the code which runs here is the code that decided then. The second
hears the same outside messages, and desk and ledger of the record (`bot.diffing.account`). With the recorded policy
the second life says what the first one says, byte for byte, which is what makes a difference mean something.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from actors.risk.deciding import Deciding
from actors.target_gate import TargetGate
from adapters.journal.record import Record
from adapters.models.workers import ProcessWorkers
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.market import Market
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.venue import SimulatedVenue
from bot.assemble import Hooks, assemble
from bot.diffing.account import DeskOnRecord, GateOnRecord, LedgerOnRecord, OwnOrders, Tape, TargetGateOnRecord
from bot.diffing.policy import Policy
from bot.outside import Outside
from bot.profile import Profile
from contracts.belief import ModelFitted
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.ports import Journal
from contracts.quantities import Nanos
from runtime.actor import ActorFactory
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.clock import FixedClock
from runtime.replay import Comparer, Replay
from runtime.restarts import ACTOR_BUDGETS, Failures

Turn = list[Envelope[Any]]
BusOf = Callable[[Journal, Callable[[], Nanos]], Bus]


class Pair(NamedTuple):
    """One outside message and everything that followed from it, in both lives."""

    was: Turn
    now: Turn


class _Heard:
    """A journal that keeps the turn in hand; `held` is told first, and may object."""

    def __init__(self, held: Comparer | None = None) -> None:
        self.turn: Turn = []
        self._held = held

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Keep it."""
        if self._held is not None:
            self._held.append(envelope, outside=outside)
        self.turn.append(envelope)

    def end_turn(self) -> None:
        """All of it was said."""
        if self._held is not None:
            self._held.end_turn()

    def take(self) -> Turn:
        """The turn that is over."""
        turn, self.turn = self.turn, []
        return turn

    async def durable(self, seq: int) -> None:
        """Nothing here is for a disk."""

    def close(self) -> None:
        """Nothing is open."""


def twins(
    records: Iterable[Record], comparer: Comparer, recorded: BusOf, policy: Policy, *,
    poisoned: frozenset[int] = frozenset(), unfinished: bool = False,
) -> Iterator[Pair]:  # fmt: skip
    """Every turn of a run in both lives; the last one is left out where it was cut, because it has no end.

    Raises Diverged where the first life leaves its record.
    """
    first = _First(comparer, recorded)
    second = _Second(policy, first)
    for turn, is_last in _turns(records):
        if is_last and unfinished:
            return
        second.remember(first)
        was = first.live(turn, poisoned)
        yield Pair(was, second.live(was, deliver=turn[0].seq not in poisoned))


class _First:
    """The life on record."""

    def __init__(self, comparer: Comparer, recorded: BusOf) -> None:
        self.player = Replay(comparer)
        self.heard = _Heard(comparer)
        self.bus = recorded(self.heard, self.player.now)

    def live(self, turn: list[Record], poisoned: frozenset[int]) -> Turn:
        self.player.run(self.bus, turn, poisoned=poisoned)
        return self.heard.take()

    @property
    def own_orders(self) -> OwnOrders:
        (gate,) = (cell.actor for cell in self.bus.cells if cell.name == "risk")
        assert isinstance(gate, Deciding)
        return OwnOrders.of(gate.state)


class _Second:
    """The life under another policy."""

    def __init__(self, policy: Policy, first: _First) -> None:
        self._policy, self._now = policy, first.player.now
        self._tapes = {name: Tape(name) for name in ("desk", "ledger")}
        self._before = first.own_orders
        self._heard = _Heard()
        self._bus = self._assembled()
        self._told = False

    def remember(self, first: _First) -> None:
        """What the recorded gate knows of its own orders as a turn begins."""
        self._before = first.own_orders

    def live(self, was: Turn, *, deliver: bool) -> Turn:
        outside = was[0]
        for tape in self._tapes.values():
            tape.turn_to(was)
        fitted = self._policy.fitted
        if fitted is not None and isinstance(outside.payload, ModelFitted):
            return []
        if fitted is not None and not self._told and isinstance(outside.payload, Beat):
            self._told = True
            self._bus.admit(fitted, "trainer")
            self._heard.take()
        self._bus.admit(outside.payload, outside.source, deliver=deliver)
        return self._heard.take()

    def _assembled(self) -> Bus:
        cells = self._outside_of(self._policy.profile)
        by_strategy = any(issubclass(cell.actor_type, TargetGate) for cell in cells)
        kind = TargetGateOnRecord if by_strategy else GateOnRecord
        stands: dict[str, Callable[[ActorFactory], ActorFactory]] = {
            "desk": lambda build: partial(DeskOnRecord, self._tapes["desk"]),
            "ledger": lambda build: partial(LedgerOnRecord, self._tapes["ledger"]),
            "risk": lambda build: partial(kind, _gate_of(build), lambda: self._before),
        }
        replaced = [_standing(cell, stands[cell.name]) if cell.name in stands else cell for cell in cells]
        return Bus(replaced, self._heard, self._now)

    def _outside_of(self, profile: Profile) -> tuple[Cell, ...]:
        market, clock = Market(profile.simulated.market), FixedClock()
        outside = Outside(
            clock=clock,
            feed=SimulatedFeed(market, clock),
            venue=SimulatedVenue(profile.simulated.broker, market.universe, QuoteBoard(), clock),
            journal=self._heard,
            models=self._policy.models,
            workers=ProcessWorkers({}),
        )
        return assemble(profile, outside, Hooks()).bus.cells


def _gate_of(build: ActorFactory) -> Callable[[], Deciding]:
    def built() -> Deciding:
        gate = build()
        assert isinstance(gate, Deciding)
        return gate

    return built


def _standing(cell: Cell, stand: Callable[[ActorFactory], ActorFactory]) -> Cell:
    """A cell for whoever stands in; the group is the cell's own, so that a crash is told alike."""
    return Cell(cell.name, cell.group, stand(cell.factory), Failures(ACTOR_BUDGETS[cell.group]))


def _turns(records: Iterable[Record]) -> Iterator[tuple[list[Record], bool]]:
    turn: list[Record] = []
    for record in records:
        if turn and record.turn != turn[0].turn:
            yield turn, False
            turn = []
        turn.append(record)
    if turn:
        yield turn, True
