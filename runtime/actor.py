"""The two kinds of actor: thinking ones are synchronous and pure, gateways own one connection and may await."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, ClassVar, Protocol

import msgspec

from contracts.envelope import Envelope
from contracts.life import BEAT_KINDS, BeatKind


class Actor(ABC):
    """Messages in, messages out. Synchronous: no await, no clock, no chance of its own, no I/O, no logging.

    The whole state can be taken out as one msgspec Struct and put back, exactly.
    """

    role: ClassVar[str]
    """The author role of the topics table; the bus asserts that nothing else is said."""

    inputs: ClassVar[tuple[type[msgspec.Struct], ...]]
    """The message types this actor wants to hear."""

    beats: ClassVar[tuple[BeatKind, ...]] = BEAT_KINDS
    """Which kinds of beat, where it hears beats: of the others it would neither say nor learn anything."""

    @abstractmethod
    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        """Change own state and answer with what should now be said."""

    @abstractmethod
    def snapshot(self) -> msgspec.Struct:
        """The whole state; sharing nothing that will change."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Become what `snapshot` saw."""

    @classmethod
    @abstractmethod
    def state_type(cls) -> type[msgspec.Struct]:
        """The type of `snapshot`, by whose schema a stored one is recognised."""

    def check(self) -> None:  # noqa: B027 - an actor without tied attributes has nothing to assert
        """Assert the invariants that tie this actor's attributes together."""


class Admit(Protocol):
    """The door of the bus for one gateway: one message in, one turn run."""

    def __call__(self, payload: msgspec.Struct) -> Envelope[Any]:
        """Admit one outside message; returns its envelope when the whole turn is over."""


class Inbox(Protocol):
    """What a gateway hears, in the order it was said."""

    def __aiter__(self) -> AsyncIterator[Envelope[Any]]:
        """Wait for one message after the other."""

    async def __anext__(self) -> Envelope[Any]:
        """Wait for the next message."""

    def unread(self) -> Iterator[Envelope[Any]]:
        """Take out what was said up to now, without waiting."""


class Gateway(ABC):
    """An actor that owns one connection to the outside; the only place that awaits."""

    role: ClassVar[str] = ""
    """The author role of what it admits; none for one that only carries out."""

    also: ClassVar[tuple[str, ...]] = ()
    """Further roles of the topics table, for one that carries in what gateways elsewhere have admitted."""

    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = ()

    @abstractmethod
    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled. Returning or raising asks for a restart."""


ActorFactory = Callable[[], Actor]
GatewayFactory = Callable[[], Gateway]
