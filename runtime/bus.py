"""The bus: one outside message at a time, and everything that follows from it, synchronously, at one instant."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from contracts import codec
from contracts.envelope import Envelope
from contracts.life import BEAT_KINDS, ActorFailed, ActorRestarted, Beat
from contracts.ports import Journal
from contracts.quantities import Nanos
from contracts.topics import BY_TYPE, Topic
from runtime.cell import Answers, Cell, CellImage, hear
from runtime.cell import Misspoken as Misspoken
from runtime.outlet import Outlet

Tap = Callable[[Envelope[Any]], None]

MESSAGES_PER_TURN_MAX: Final = 20_000
"""A turn that says more than this is a loop between actors, not work."""

_OF_THE_BUS: Final = (ActorFailed, ActorRestarted)


class RetainedImage(msgspec.Struct, frozen=True, kw_only=True):
    """One retained message as it goes to disk."""

    seq: int
    turn: int
    cause: int
    at_ns: Nanos
    source: str
    type: str
    payload: bytes


class BusImage(msgspec.Struct, frozen=True, kw_only=True):
    """The bus between two turns: its counters, its cells, and what it retains."""

    seq: int
    turn: int
    at_ns: Nanos
    cells: tuple[CellImage, ...]
    retained: tuple[RetainedImage, ...]


class _Route:
    """Who hears one type of message."""

    __slots__ = ("beats", "cells", "outlets", "outside", "retained", "taps", "topic")

    def __init__(self, topic: Topic, cells: tuple[Cell, ...]) -> None:
        self.topic = topic
        self.outside = topic.outside
        self.retained = topic.retained
        self.cells = cells
        self.beats: dict[str, tuple[Cell, ...]] | None = None
        if topic.payload is Beat:
            self.beats = {kind: tuple(cell for cell in cells if kind in cell.actor_type.beats) for kind in BEAT_KINDS}
        self.outlets: tuple[Outlet, ...] = ()
        self.taps: tuple[Tap, ...] = ()


class Bus:
    """Runs turns over cells in the order of their assembly.

    Laws: a message is journaled before anybody hears it; answers are delivered first in, first out, each complete or
    not at all; `seq` has no hole; `at_ns` never falls; a derived message names the message it answers as its cause.
    """

    def __init__(self, cells: Sequence[Cell], journal: Journal, now: Callable[[], Nanos]) -> None:
        self.cells = tuple(cells)
        self.seq = 0
        self.turn = 0
        self.at_ns: Nanos = 0
        self.journal = journal
        self.now = now
        self.in_hand: Envelope[Any] | None = None
        self._said: deque[Envelope[Any]] = deque()
        self._routes = {kind: _Route(topic, self._hearing(kind)) for kind, topic in BY_TYPE.items()}
        self._retained: dict[tuple[str, str, str], Envelope[Any]] = {}
        self._groups: dict[str, list[Cell]] = {}
        for cell in self.cells:
            self._groups.setdefault(cell.group, []).append(cell)

    def connect(self, outlet: Outlet, kinds: Iterable[type[msgspec.Struct]]) -> None:
        """Let an outlet hear some types; it gets what is retained of them at once."""
        for kind in kinds:
            self._routes[kind].outlets += (outlet,)
            for envelope in self._retained.values():
                if type(envelope.payload) is kind:
                    outlet.offer(envelope)

    def disconnect(self, outlet: Outlet) -> None:
        """The outlet hears nothing any more."""
        for route in self._routes.values():
            route.outlets = tuple(other for other in route.outlets if other is not outlet)

    def tap(self, tap: Tap, kinds: Iterable[type[msgspec.Struct]]) -> None:
        """Show some types to an onlooker, after the journal and before the actors."""
        for kind in kinds:
            self._routes[kind].taps += (tap,)

    def untap(self, tap: Tap) -> None:
        """The onlooker sees nothing any more."""
        for route in self._routes.values():
            route.taps = tuple(other for other in route.taps if other is not tap)

    def admit(self, payload: msgspec.Struct, source: str, *, deliver: bool = True) -> Envelope[Any]:
        """Run one turn: this message and everything that follows from it; returns when it is over.

        With `deliver` off the message is only put on record, as a poisoned one is. Raises Misspoken for a derived
        type or within a turn, JournalFailed when the record cannot be kept (nobody has heard the message then).
        """
        route = self._routes[type(payload)]
        if not route.outside or self.in_hand is not None:
            raise Misspoken(f"{type(payload).__name__} from {source} cannot be admitted")
        return self._turn(route, self.now(), source, payload, deliver)

    def admit_run(self, dated: Sequence[tuple[Nanos, Any]], source: str, show: Callable[[Nanos], None]) -> int:
        """Run a turn for each of some rows that are dated, until one is answered; says how many were run, one at least.

        Each turn is the one that `admit` runs under a clock that shows the time of the row: `show` sets that clock. A
        row of another type than the first is left as well. Raises what `admit` raises.
        """
        kind = type(dated[0][1])
        route = self._routes[kind]
        if not route.outside or self.in_hand is not None:
            raise Misspoken(f"{kind.__name__} from {source} cannot be admitted")
        before, take = self.turn, self._turn
        for at_ns, payload in dated:
            if type(payload) is not kind:
                break
            show(at_ns)
            envelope = take(route, at_ns, source, payload, True)
            if self.seq != envelope.seq:
                break
        return self.turn - before

    def _turn(self, route: _Route, now_ns: Nanos, source: str, payload: Any, deliver: bool) -> Envelope[Any]:
        if now_ns > self.at_ns:
            self.at_ns = now_ns
        seq, turn = self.seq + 1, self.turn + 1
        envelope = Envelope(seq, turn, 0, self.at_ns, source, payload)
        journal, said = self.journal, self._said
        journal.append(envelope, outside=True)
        # Only now: a message that the journal refused has left no hole.
        self.seq, self.turn = seq, turn
        self.in_hand = envelope
        try:
            if deliver:
                if route.retained or route.outlets or route.taps:
                    self._show(envelope, route)
                hear(route.cells if route.beats is None else route.beats[payload.kind], envelope, self._say)
                if said:
                    self._follow(seq)
        finally:
            self.in_hand = None
            if said:  # a turn that broke
                said.clear()
        journal.end_turn()
        return envelope

    def image(self) -> BusImage | None:
        """The bus for a disk snapshot, or None while an actor waits for its restart."""
        assert self.in_hand is None, "a snapshot is taken between turns"
        if not all(cell.settled for cell in self.cells):
            return None
        cells = tuple(cell.image() for cell in self.cells)
        retained = tuple(_retained_image(envelope) for envelope in self._retained.values())
        return BusImage(seq=self.seq, turn=self.turn, at_ns=self.at_ns, cells=cells, retained=retained)

    def can_load(self, image: BusImage) -> bool:
        """Whether the image is of these actors with these schemas of their states."""
        return tuple(cell.schema for cell in self.cells) == tuple(cell.schema for cell in image.cells) and tuple(
            cell.name for cell in self.cells
        ) == tuple(cell.name for cell in image.cells)

    def load(self, image: BusImage) -> None:
        """Become what `image` saw, or raise ValueError and stay as it is: other cells, schemas, states."""
        names = tuple(cell.name for cell in image.cells)
        if names != tuple(cell.name for cell in self.cells):
            raise ValueError(f"the snapshot holds the actors {names}")
        actors = [cell.restored(cell_image) for cell, cell_image in zip(self.cells, image.cells, strict=True)]
        for cell, cell_image, actor in zip(self.cells, image.cells, actors, strict=True):
            cell.load(cell_image, actor)
        self.seq, self.turn, self.at_ns = image.seq, image.turn, image.at_ns
        for kept in image.retained:
            payload = codec.decode(kept.type, kept.payload)
            envelope = Envelope(kept.seq, kept.turn, kept.cause, kept.at_ns, kept.source, payload)
            self._retain(envelope, self._routes[type(payload)].topic)

    def _hearing(self, kind: type[msgspec.Struct]) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if kind in cell.actor_type.inputs)

    def _follow(self, first_seq: int) -> None:
        """Deliver what was said in this turn, and what is said of it, breadth first."""
        said = self._said
        while said:
            if self.seq - first_seq > MESSAGES_PER_TURN_MAX:
                raise Misspoken(f"turn {self.turn} said more than {MESSAGES_PER_TURN_MAX} messages")
            envelope = said.popleft()
            route = self._routes[type(envelope.payload)]
            if route.retained or route.outlets or route.taps:
                self._show(envelope, route)
            hear(route.cells, envelope, self._say)

    def _say(self, answers: Answers, cell: Cell, heard: Envelope[Any]) -> None:
        for payload in answers:
            if isinstance(payload, _OF_THE_BUS):
                self._record(payload, "bus", heard)
                if isinstance(payload, ActorFailed) and cell.one_for_all and not payload.spent:
                    for member in self._groups[cell.group]:
                        for restarted in member.revive(heard):
                            self._record(restarted, "bus", heard)
            else:
                self._record(payload, cell.name, heard)

    def _record(self, payload: msgspec.Struct, source: str, heard: Envelope[Any]) -> None:
        seq = self.seq + 1
        derived = Envelope(seq, self.turn, heard.seq, self.at_ns, source, payload)
        self.journal.append(derived, outside=False)
        self.seq = seq
        self._said.append(derived)

    def _retain(self, envelope: Envelope[Any], topic: Topic) -> None:
        key = str(getattr(envelope.payload, topic.key)) if topic.key else ""
        self._retained[(topic.name, envelope.source, key)] = envelope

    def _show(self, envelope: Envelope[Any], route: _Route) -> None:
        topic = route.topic
        if topic.retained:
            self._retain(envelope, topic)
        for outlet in route.outlets:
            outlet.offer(envelope)
        for tap in route.taps:
            tap(envelope)


def _retained_image(envelope: Envelope[Any]) -> RetainedImage:
    return RetainedImage(
        seq=envelope.seq,
        turn=envelope.turn,
        cause=envelope.cause,
        at_ns=envelope.at_ns,
        source=envelope.source,
        type=type(envelope.payload).__name__,
        payload=codec.encode(envelope.payload),
    )
