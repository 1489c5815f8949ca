"""A cell hosts one thinking actor with its factory: it keeps what is needed to build the actor again after a crash.

On a crash the actor's half-finished answer is dropped whole; to say what is another's to say is a crash as well. The
cell waits out a backoff counted in message time (so a replay repeats the restart), builds a new actor from the factory,
restores the last snapshot, folds in the messages since then with their answers suppressed, and leaves out the one that
killed the predecessor.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from contracts import codec
from contracts.envelope import Envelope
from contracts.life import ActorFailed, ActorRestarted
from contracts.quantities import Nanos
from contracts.topics import BY_TYPE, TABLE
from runtime.actor import Actor, ActorFactory
from runtime.restarts import Failures

Answers = tuple[msgspec.Struct, ...]

NOTHING: Final[Answers] = ()
"""There is one empty tuple: the usual answer to a row of the market is not looked at."""


class Misspoken(AssertionError):
    """Somebody said a message that is another role's to say."""


SNAPSHOT_EVERY: Final = 1024
"""Inputs between two snapshots in memory: bounds both the refold and the inputs kept.

Restarts are told, and budgets kept, by this grid alone: when a snapshot went to disk is nothing that a replay knows.
"""

WAITING_MAX: Final = 65_536
"""Inputs kept for an actor that waits for its restart; a longer wait than that is a spent budget."""


class CellImage(msgspec.Struct, frozen=True, kw_only=True):
    """A cell as it goes to disk: its actor's state, by which schema, and where its restarts stand.

    `folded` counts the inputs since the last snapshot on the grid; they are in the state already.
    """

    name: str
    schema: str
    state: bytes
    failures: tuple[Nanos, ...]
    retry_ns: Nanos
    spent: bool
    skipped: tuple[int, ...]
    waiting: bool
    folded: int


class Cell:
    """One supervised actor; `hear` never raises an actor's exception, it says `ActorFailed`.

    Members of a one-for-all group are given one `Failures` together: their budget is the group's.
    """

    __slots__ = (
        "_actor", "_checked", "_failures", "_inputs", "_own", "_receive", "_retry_ns", "_room", "_skipped", "_snapshot",
        "_waiting", "actor_type", "factory", "group", "name", "role", "spent",
    )  # fmt: skip

    def __init__(
        self, name: str, group: str, factory: ActorFactory, failures: Failures, *, checked: bool = False
    ) -> None:
        self.name = name
        self.group = group
        self.factory = factory
        self.spent = False
        self._checked = checked
        self._failures = failures
        self._room = SNAPSHOT_EVERY
        self._inputs: list[Envelope[Any]] = []
        self._skipped: list[int] = []
        self._retry_ns: Nanos = 0
        self._waiting = False
        self._install(factory())
        self.actor_type = type(self._actor)
        self.role = self._actor.role
        self._own = frozenset(topic.payload for topic in TABLE if topic.author == self.role and not topic.outside)
        self._snapshot: msgspec.Struct | bytes = self._actor.snapshot()

    @property
    def actor(self) -> Actor:
        """The living actor, for those who look and do not touch."""
        return self._actor

    @property
    def one_for_all(self) -> bool:
        """True if a crash here rebuilds the whole group."""
        return self._failures.budget.one_for_all

    @property
    def _folded(self) -> int:
        """Inputs since the last snapshot on the grid that are in the state already; room for the others is left."""
        return SNAPSHOT_EVERY - self._room

    def _hold_to_own(self, answers: Answers) -> None:
        for answer in answers:
            if type(answer) not in self._own:
                raise Misspoken(_whose(self.name, answer))

    def revive(self, envelope: Envelope[Any]) -> Answers:
        """Build the actor anew within a turn, because a member of its group crashed."""
        if self.spent:
            return ()
        try:
            return (self._rebuild(),)
        except Exception as error:
            return self._crashed(envelope, error, keep=True)

    def _rebuild(self) -> ActorRestarted:
        actor = self.factory()
        actor.restore(codec.decode_state(actor.state_type(), self._encoded()))
        for past in self._inputs:
            tuple(actor.receive(past))
        self._install(actor)
        self._waiting = False
        inputs = self._folded + len(self._inputs)
        return ActorRestarted(actor=self.name, inputs=inputs, skipped=tuple(self._skipped))

    def image(self) -> CellImage:
        """What a disk snapshot holds of this cell; between turns only."""
        if not (self._waiting or self.spent):
            self._snapshot = self._actor.snapshot()
            self._room -= len(self._inputs)
            self._inputs.clear()
        return CellImage(
            name=self.name,
            schema=self.schema,
            state=self._encoded(),
            failures=self._failures.times,
            retry_ns=self._retry_ns,
            spent=self.spent,
            skipped=tuple(self._skipped),
            waiting=self._waiting,
            folded=self._folded,
        )

    @property
    def schema(self) -> str:
        """Which form the actor's state has."""
        return codec.schema_digest(self.actor_type.state_type())

    @property
    def settled(self) -> bool:
        """True unless the actor is waiting for its restart, when part of its past is only in memory."""
        return self.spent or not self._waiting

    def restored(self, image: CellImage) -> Actor:
        """A new actor with the state of `image`; raises ValueError for another schema or a state it does not take."""
        if image.schema != self.schema:
            raise ValueError(f"the state of {self.name} has schema {self.schema}, the snapshot {image.schema}")
        actor = self.factory()
        if not image.spent:
            actor.restore(codec.decode_state(actor.state_type(), image.state))
        return actor

    def load(self, image: CellImage, actor: Actor) -> None:
        """Become what `image` saw, with the actor that was restored from it."""
        self._install(actor)
        self._snapshot = image.state
        self._inputs.clear()
        self._failures.restore(image.failures)
        self._retry_ns, self.spent = image.retry_ns, image.spent
        self._skipped, self._waiting = list(image.skipped), image.waiting
        self._room = SNAPSHOT_EVERY - image.folded

    def _install(self, actor: Actor) -> None:
        self._actor = actor
        self._receive = actor.receive

    def _encoded(self) -> bytes:
        """The bytes of the last snapshot, made when somebody wants them: most are followed by the next."""
        if not isinstance(self._snapshot, bytes):
            self._snapshot = codec.encode(self._snapshot)
        return self._snapshot

    def _take_snapshot(self) -> None:
        self._snapshot = self._actor.snapshot()
        self._room = SNAPSHOT_EVERY
        self._inputs.clear()
        self._skipped.clear()

    def _deliver_late(self, envelope: Envelope[Any], say: "Say") -> None:
        if self.spent:
            return
        if envelope.at_ns < self._retry_ns:
            self._inputs.append(envelope)
            if self._folded + len(self._inputs) > WAITING_MAX:
                self._give_up()
                say((self._failure(envelope, "waited too long for its restart"),), self, envelope)
            return
        try:
            restarted = self._rebuild()
        except Exception as error:
            say(self._crashed(envelope, error, keep=True), self, envelope)
            return
        say((restarted,), self, envelope)
        hear((self,), envelope, say)

    def _crashed(self, envelope: Envelope[Any], error: Exception, *, keep: bool = False) -> Answers:
        """Note the crash; a desk is rebuilt within the turn, others wait. `keep` folds the message in later."""
        if keep:
            self._inputs.append(envelope)
        else:
            self._skipped.append(envelope.seq)
        spent = self._failures.add(envelope.at_ns)
        self._retry_ns = self._failures.retry_ns(envelope.at_ns)
        self._waiting = True
        if spent:
            self._give_up()
        return (self._failure(envelope, f"{type(error).__name__}: {error}"),)

    def _give_up(self) -> None:
        """The actor is never built again: nothing is kept for it, so that when a snapshot was taken shows nowhere."""
        self.spent = True
        self._snapshot, self._room = b"", SNAPSHOT_EVERY
        self._inputs.clear()

    def _failure(self, envelope: Envelope[Any], error: str) -> ActorFailed:
        return ActorFailed(
            actor=self.name,
            group=self.group,
            error=error,
            input_seq=envelope.seq,
            failures=len(self._failures.times),
            retry_ns=self._retry_ns,
            spent=self.spent,
        )


Say = Callable[[Answers, Cell, Envelope[Any]], None]
"""Takes the answer of a cell to a message; never an empty one."""


def hear(cells: Iterable[Cell], envelope: Envelope[Any], say: Say) -> None:
    """Let cells hear one message, in their order; `say` is told each one's answer before the next one hears it.

    An answer is complete, or `ActorFailed` and nothing of it. All cells in one call, because most messages are rows
    of the market, which nobody answers: what a row costs is mostly calls.
    """
    for cell in cells:
        if cell._waiting:  # for its restart, or for ever once it is spent
            cell._deliver_late(envelope, say)
            continue
        try:
            answers = cell._receive(envelope)
            if answers is not NOTHING:
                answers = tuple(answers)
                cell._hold_to_own(answers)
            if cell._checked:
                cell._actor.check()
        except Exception as error:
            answers = cell._crashed(envelope, error)
        else:
            inputs = cell._inputs
            inputs.append(envelope)
            if len(inputs) >= cell._room:
                cell._take_snapshot()
        if answers:
            say(answers, cell, envelope)


def _whose(name: str, answer: msgspec.Struct) -> str:
    topic = BY_TYPE.get(type(answer))
    owner = f"for {topic.author} to say" if topic is not None else "in no topic"
    return f"{name} said {type(answer).__name__}, which is {owner}"
