"""What the money actors share: one state struct, and one reaction for each type they hear."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from actors.memory import StatefulActor
from contracts.envelope import Envelope

StateT = TypeVar("StateT", bound=msgspec.Struct)

Answer = Iterable[msgspec.Struct]
Reaction = Callable[[Envelope[Any]], Answer]


class Reacting(StatefulActor[StateT]):
    """An actor with one reaction for each type it hears; nothing is looked up beside its state.

    Law: `restore(snapshot())` changes nothing, and a snapshot shares nothing with the live state.
    """

    def __init__(self, state: StateT) -> None:
        self._reactions: dict[type[msgspec.Struct], Reaction] = self.reactions()
        assert tuple(self._reactions) == self.inputs, f"{type(self).__name__} hears {self.inputs}"
        self.start(state)

    @abstractmethod
    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        """What to do on each type of `inputs`, in their order."""

    def receive(self, envelope: Envelope[Any]) -> Answer:
        """Change own state and answer with what should now be said."""
        return self._reactions[type(envelope.payload)](envelope)

    def derive(self) -> None:
        """The state is all there is."""
