"""The trainer: hears what came true, has boosters fitted in a process of their own, and says when there are new ones.

It may fail all day; trading goes on with the model it has, or without. A model is said only after a worker has checked
its bytes, loaded it and compared its golden rows, and after a copy was pinned beside the journal. When the run starts
it says the champion of the store, so that what a run uses stands in its journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from actors.settings import at_least, more_than_zero
from contracts import codec
from contracts.belief import Example, ModelFitted, Slate
from contracts.envelope import Envelope
from contracts.model import ModelTexts
from contracts.ports import Clock, ModelRejected, ModelShelf, Workers, WorkFailed
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos
from runtime.actor import Admit, Gateway, Inbox

TRAIN: Final = "train"
CHECK: Final = "check"


class TrainerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and from what models are fitted while the daemon runs.

    `examples_min` and `rows_max` count rows (instruments of examples); `window_s` is how old an example may be. With
    `enabled` false nothing is fitted, but the champion of the store is still used.

    Raises:
        ValueError: a duration or count that is no positive finite number.
    """

    enabled: bool
    examples_min: int = 5_000
    rows_max: int = 200_000
    window_s: Seconds = 31_536_000.0
    retrain_s: Seconds = 86_400.0
    embargo_s: Seconds = 0.0
    fit_s_max: Seconds = 3_600.0
    check_s_max: Seconds = 60.0

    def __post_init__(self) -> None:
        names = ("examples_min", "rows_max", "window_s", "retrain_s", "fit_s_max", "check_s_max")
        more_than_zero("trainer", **{name: getattr(self, name) for name in names})
        at_least("trainer", 0.0, embargo_s=self.embargo_s)
        at_least("trainer", self.examples_min, rows_max=self.rows_max)


class _Fitted(msgspec.Struct, frozen=True):
    """What is read of the answer: the model, and whether it was made champion by the evidence."""

    model: str
    champion: bool


class ExampleBuffer:
    """The examples heard, as the bytes a worker reads; bounded by rows and age. It outlives the gateway's restarts."""

    def __init__(self, rows_max: int, window_ns: Nanos) -> None:
        self._rows_max, self._window_ns = rows_max, window_ns
        self._kept: deque[tuple[Nanos, int, bytes]] = deque()
        self.rows = 0
        self.dropped = 0
        self.tried_ns: Nanos | None = None

    def take(self, example: Example) -> None:
        """Keep one example; the oldest go when there are too many rows, or they are too old."""
        data = codec.encode(example)
        self._kept.append((example.said_ns, len(example.z), len(data).to_bytes(4, "big") + data))
        self.rows += len(example.z)
        while self._kept and (self.rows > self._rows_max or self._kept[0][0] < example.said_ns - self._window_ns):
            self.rows -= self._kept.popleft()[1]
            self.dropped += 1

    def stream(self, inputs: tuple[str, ...]) -> list[bytes]:
        """The names of the inputs, then every example, oldest first."""
        return [msgspec.json.encode(list(inputs)) + b"\n", *(each[2] for each in self._kept)]


def _nobody(text: str) -> None:
    """Nobody wants to know."""


class Trainer(Gateway):
    """Fits, has checked, and admits `ModelFitted`; follows the blend's own promotions into the store.

    `inputs` are the names behind `schema`; `say` is told why the champion is not used, when it is not.
    """

    role = "trainer"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Example, Slate)

    def __init__(
        self,
        clock: Clock,
        settings: TrainerSettings,
        workers: Workers,
        shelf: ModelShelf,
        buffer: ExampleBuffer,
        *,
        names: tuple[str, ...],
        schema: str,
        seed: int,
        say: Callable[[str], None] = _nobody,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._workers = workers
        self._shelf = shelf
        self._buffer = buffer
        self._names = names
        self._schema = schema
        self._seed = seed
        self._say = say
        self._admitted: list[str] = []

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Say the champion, then serve until cancelled; raises WorkFailed, ModelRejected where a fit failed."""
        await self.say_champion(admit)
        async for envelope in inbox:
            self.hear(envelope)
            for unread in inbox.unread():
                self.hear(unread)
            if self.due():
                await self.fit(admit)

    def hear(self, envelope: Envelope[Example | Slate]) -> None:
        """Keep an example, or follow a promotion of the blend."""
        heard = envelope.payload
        if isinstance(heard, Example):
            if heard.schema == self._schema and self._settings.enabled:
                self._buffer.take(heard)
        elif heard.rung == "booster" and heard.model in self._admitted[1:]:
            self._shelf.crown(heard.model, "proved better in a run")
            self._admitted = [heard.model]

    def due(self) -> bool:
        """Enough examples, and long enough since the last attempt, whether it brought a model or not."""
        if not self._settings.enabled or self._buffer.rows < self._settings.examples_min:
            return False
        tried = self._buffer.tried_ns
        return tried is None or self._clock.now() >= tried + nanos(self._settings.retrain_s)

    async def say_champion(self, admit: Admit) -> None:
        """A champion that cannot be used is told and left alone: the blend stands on the rung below it."""
        model = self._shelf.champion()
        if not model:
            return
        try:
            texts = await self._sound(model)
        except (WorkFailed, ModelRejected) as error:
            self._say(f"champion {model[:12]} is not used: {error}")
            return
        if texts.schema != self._schema:
            self._say(
                f"champion {model[:12]} is not used: it was trained on inputs {texts.schema[:12]}, "
                f"this run has {self._schema[:12]}"
            )
            return
        self._admit(admit, texts, "champion of the store")

    async def fit(self, admit: Admit) -> None:
        """Have a model fitted and checked, and admit it where it may be used; raises WorkFailed, ModelRejected."""
        settings = self._settings
        self._buffer.tried_ns = self._clock.now()
        rows = self._buffer.rows
        arguments = ("--seed", str(self._seed), "--embargo-s", f"{settings.embargo_s:g}")
        stream = self._buffer.stream(self._names)
        answer = await self._workers.run(TRAIN, arguments, data=stream, timeout_s=settings.fit_s_max)
        try:
            fitted = msgspec.json.decode(answer, type=_Fitted)
        except msgspec.DecodeError as error:
            raise WorkFailed(f"{TRAIN} answered {answer[:80]!r}, expected a model") from error
        if not (fitted.champion or self._admitted):
            self._say(f"model {fitted.model[:12]} is not used: it did not prove better than its base")
        elif fitted.model not in self._admitted:
            self._admit(admit, await self._sound(fitted.model), f"fitted on {rows} rows")

    async def _sound(self, model: str) -> ModelTexts:
        await self._workers.run(CHECK, (model,), timeout_s=self._settings.check_s_max)
        return self._shelf.adopt(model)

    def _admit(self, admit: Admit, texts: ModelTexts, detail: str) -> None:
        challenger = bool(self._admitted)
        self._admitted = [*self._admitted[:1], texts.model]
        admit(
            ModelFitted(
                model=texts.model,
                schema=texts.schema,
                trained_until_ns=texts.trained_until_ns,
                examples=texts.examples,
                challenger=challenger,
                detail=detail,
            )
        )


def buffer_of(settings: TrainerSettings) -> ExampleBuffer:
    """An empty buffer with the bounds of the settings."""
    return ExampleBuffer(settings.rows_max, round(settings.window_s * SECOND_NS))
