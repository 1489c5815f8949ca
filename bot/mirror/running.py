"""One mirror process: the journal of a run on the disk, to the brokers, until told to end."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from adapters.journal.follow import Follower
from adapters.kafka.connection import library
from adapters.kafka.cursor import CursorFile
from adapters.kafka.dead_letters import DeadLetters
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.state import MirrorState, keep
from bot.mirror.places import Lock, name_of, places_of
from runtime.clock import WallClock

GARBAGE_THRESHOLD: Final = 100_000
"""Records are many, short-lived and never in circles: looking for circles among them is most of what it costs."""

PARENT_POLL_S: Final = 1.0


def run_mirror(
    run: Path,
    settings: KafkaSettings,
    *,
    follow: bool = False,
    child: bool = False,
    told: Callable[[MirrorState], None] = lambda state: None,
) -> MirrorState:
    """Mirror a run: to its present end, or with `follow` until it is sealed or a signal comes.

    A `child` finishes, too, when the process that started it has gone. Raises MirrorBusy,
    KafkaMissing, and what `adapters.kafka.mirror.Mirror` raises.
    """
    library()
    places = places_of(run, settings.env)
    lock, thresholds = Lock(places.lock), gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            return runner.run(_mirrored(run, settings, follow=follow, child=child, told=told))
    finally:
        gc.set_threshold(*thresholds)
        lock.close()


async def _mirrored(
    run: Path, settings: KafkaSettings, *, follow: bool, child: bool, told: Callable[[MirrorState], None]
) -> MirrorState:
    from adapters.kafka.mirror import Mirror
    from adapters.kafka.producing import Producer

    places = places_of(run, settings.env)
    cursors = CursorFile(places.cursor, name_of(run), settings.env)
    source = Follower(run / "journal", cursors.read().place)
    lookout = Lookout(run / "journal", source)

    def say(state: MirrorState) -> None:
        keep(places.state, state)
        told(state)

    mirror = Mirror(
        source,
        cursors,
        DeadLetters(places.letters, settings.dead_letters_max),
        Producer(settings),
        settings,
        WallClock(),
        follow=follow,
        told=say,
        look=lookout.look,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, mirror.stop)
    if child:
        _end_with(os.getppid(), mirror.finish)
    try:
        return await mirror.run()
    finally:
        source.close()
        lookout.close()


class Lookout:
    """Reads ahead of the mirror while that cannot write, to say how far behind it is; keeps nothing of it."""

    def __init__(self, journal: Path, source: Follower) -> None:
        self._journal = journal
        self._source = source
        self._ahead: Follower | None = None

    def look(self) -> tuple[int, int]:
        """The last message of the journal and its time, as far as one look comes."""
        if self._ahead is None or self._ahead.seq < self._source.seq:
            self.close()
            self._ahead = Follower(self._journal, self._source.place)
        while self._ahead.read():
            pass
        return max(self._ahead.seq, self._source.seq), max(self._ahead.at_ns, self._source.at_ns)

    def close(self) -> None:
        """Let go of the file."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None


def _end_with(parent: int, finish: Callable[[], None]) -> None:
    """Finish once the parent has gone: who is left behind has another one."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if os.getppid() != parent:
            finish()
        else:
            loop.call_later(PARENT_POLL_S, look)

    look()


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
