"""The roles of one book in one process and virtual time: a run as a stream, its parts, and a desk fed by both."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from adapters.kafka.stream_records import cut
from bot.assemble import agents_of
from bot.profile import Profile
from bot.roles.parts import PartRunner
from contracts.quantities import Seconds
from contracts.stream import PartFrames, StreamBlock, StreamMessage
from contracts.topics import BY_TYPE_NAME
from tests.kit.worlds import Run, TestWorld, simulate

RUN = "canary-000001"
INGEST = ("feed", "metronome", "context", "process")
"""Whose messages are in the record of an ingest."""


def as_stream(run: Run) -> tuple[StreamMessage, ...]:
    """What the ingest of a run would have had on record: the same outside messages, numbered anew."""
    told = [each for each in run.records if each.outside and BY_TYPE_NAME[each.type].author in INGEST]
    return tuple(
        StreamMessage(seq, each.at_ns, each.source, each.type, each.payload) for seq, each in enumerate(told, start=1)
    )


def blocks_of(messages: Iterable[StreamMessage], epoch: int = 1, run: str = RUN) -> list[StreamBlock]:
    """The same messages cut into blocks as they are published."""
    return [StreamBlock(run, epoch, tuple(each)) for each in cut(messages)]


def said_by_parts(profile: Profile, blocks: Iterable[StreamBlock]) -> list[PartFrames]:
    """What every part of the agents says to a stream."""
    found = list(blocks)
    return [
        frames
        for part in range(profile.roles.parts)
        for frames in PartRunner(profile, agents_of(profile), part).hear_all(found)
    ]


class MemorySource:
    """Gives what it was given, in that order; then nothing."""

    def __init__(self, heard: Sequence[StreamBlock | PartFrames]) -> None:
        self._heard = list(reversed(heard))

    async def take(self, within_s: Seconds) -> StreamBlock | PartFrames | None:
        return self._heard.pop() if self._heard else None

    async def frames(self, within_s: Seconds) -> PartFrames | None:
        for index in range(len(self._heard) - 1, -1, -1):
            if isinstance(self._heard[index], PartFrames):
                found = self._heard.pop(index)
                assert isinstance(found, PartFrames)
                return found
        return None


def mixed(blocks: Sequence[StreamBlock], frames: Sequence[PartFrames], seed: int = 7) -> list[StreamBlock | PartFrames]:
    """Everything in an order drawn at random, a fifth of it twice."""
    chance = np.random.default_rng(seed)
    heard: list[StreamBlock | PartFrames] = [*blocks, *frames]
    twice = chance.choice(len(heard), len(heard) // 5, replace=False).tolist()
    heard += [heard[index] for index in twice]
    return [heard[index] for index in chance.permutation(len(heard)).tolist()]


def desk_of(profile: Profile) -> Profile:
    """The same profile for a desk."""
    return msgspec.structs.replace(profile, role="desk")


def simulate_desk(
    profile: Profile, heard: Sequence[StreamBlock | PartFrames], *, seconds: float, seed: int | None = None,
    checked: bool = True,
) -> Run:  # fmt: skip
    """A desk in virtual time that hears that, and the simulated venue."""
    desk = desk_of(profile)
    world = TestWorld(desk, stream=MemorySource(heard), held=True)
    return simulate(desk, seconds=seconds, world=world, seed=seed, checked=checked)


def hash_of(run: Run) -> str:
    """The decision hash."""
    return run.system.report.hash.hexdigest()
