"""What the money actors share: one state struct, put back through its own bytes, and one reaction for each type."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from contracts.codec import decode_state, encode
from contracts.envelope import Envelope
from runtime.actor import Actor

StateT = TypeVar("StateT", bound=msgspec.Struct)

Answer = Iterable[msgspec.Struct]
Reaction = Callable[[Envelope[Any]], Answer]


class Reacting(Actor, Generic[StateT]):
    """An actor with one state struct and one reaction for each type it hears.

    Law: `restore(snapshot())` changes nothing, and a snapshot shares nothing with the live state.
    """

    state_struct: ClassVar[type[msgspec.Struct]]
    state: StateT

    def __init__(self, state: StateT) -> None:
        self.state = state
        self._reactions: dict[type[msgspec.Struct], Reaction] = self.reactions()
        assert tuple(self._reactions) == self.inputs, f"{type(self).__name__} hears {self.inputs}"

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        """What to do on each type of `inputs`, in their order."""
        raise NotImplementedError

    def receive(self, envelope: Envelope[Any]) -> Answer:
        """Change own state and answer with what should now be said."""
        return self._reactions[type(envelope.payload)](envelope)

    def snapshot(self) -> StateT:
        """A copy of the whole state."""
        return decode_state(type(self.state), encode(self.state))

    def restore(self, state: StateT) -> None:
        """Become what `snapshot` saw; the given struct stays the caller's."""
        self.state = decode_state(type(self.state), encode(state))

    @classmethod
    def state_type(cls) -> type[msgspec.Struct]:
        """The type of `snapshot`."""
        return cls.state_struct
