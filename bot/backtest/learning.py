"""Learning in a backtest: the trainer of a live run, whose workers are waited for while time stands still.

Models are fitted walk-forward from the examples of this very run, into a store that lies with it: the champion of
the user's own store may have seen the future of the history that is told, so it is never asked.
"""

from collections.abc import Coroutine
from typing import Any

from actors.gateways.trainer import Trainer
from contracts.ports import ModelRejected, WorkFailed
from runtime.bus import Bus

TRAINER = "trainer"
"""The source of what is admitted, as that of the live gateway."""


class Learning:
    """Lets the trainer hear the bus and, between two turns, fit."""

    def __init__(self, bus: Bus, trainer: Trainer) -> None:
        self._bus, self._trainer = bus, trainer
        self.failures: list[str] = []
        bus.tap(trainer.hear, Trainer.inputs)

    def look(self) -> None:
        """Fit a model if one is due; a fit that fails is kept in `failures` and tried again when it is due again."""
        if not self._trainer.due():
            return
        try:
            finished(self._trainer.fit(lambda payload: self._bus.admit(payload, TRAINER)))
        except (WorkFailed, ModelRejected) as error:
            self.failures.append(str(error))


def finished(work: Coroutine[Any, Any, None]) -> None:
    """Run work that never really waits to its end; asserts that it did not."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("work that was to be waited for went to sleep: there is no loop to wake it")
