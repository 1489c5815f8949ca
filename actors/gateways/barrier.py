"""The barrier at a signal beat: nothing of the stream goes on before every part has said what it made of the beat.

What is put together is a function of the beat and of what each part said, never of the order in which they came. A
part that was not there in time is late: its agents are silent at this beat, and what it says later is passed over.

A beat is known by its run, its place and its time: what was said of another life of a run of the same name, or before
a disk lost the end of one, answers no beat of today, however genuine it is.
"""

from typing import Final

import msgspec

from contracts.belief import FeatureFrame, SignalFrame
from contracts.quantities import Nanos
from contracts.stream import PartFrames, ShardFrames, StreamPosition

EARLY_MAX: Final = 10_000
"""Frames of beats that have not come yet; a shard further ahead than this reads another stream."""


class BarrierCounts(msgspec.Struct, kw_only=True):
    """What was passed over: said twice, too late, of another split, by agents of another part, or too far ahead."""

    twice: int = 0
    late: int = 0
    strange: int = 0
    forgotten: int = 0


def split(agents: tuple[str, ...], parts: int) -> tuple[tuple[str, ...], ...]:
    """The agents of each part: dealt out one after the other, so that neighbours of like cost lie in different parts.

    Raises:
        ValueError: fewer than one part.
    """
    if parts < 1:
        raise ValueError(f"parts was {parts}, expected at least 1")
    return tuple(agents[part::parts] for part in range(parts))


class Barrier:
    """Keeps what parts say until their beat comes; `close` gives the frames of a beat, whole or without the late."""

    def __init__(self, agents: tuple[str, ...], parts: int) -> None:
        self.counts = BarrierCounts()
        self._agents = agents
        self._split = split(agents, parts)
        self._said: dict[tuple[str, int, Nanos], dict[int, PartFrames]] = {}
        self._kept = 0
        self._done_ns: Nanos = -1

    def hear(self, frames: PartFrames) -> None:
        """Take what a part said."""
        if not self._is_of_this_split(frames):
            self.counts.strange += 1
        elif frames.at_ns <= self._done_ns:
            self.counts.late += 1
        elif frames.part in self._said.get((frames.run, frames.seq, frames.at_ns), {}):
            self.counts.twice += 1
        elif self._kept >= EARLY_MAX:
            self.counts.forgotten += 1
        else:
            self._said.setdefault((frames.run, frames.seq, frames.at_ns), {})[frames.part] = frames
            self._kept += 1

    def missing(self, run: str, seq: int, at_ns: Nanos) -> tuple[int, ...]:
        """The parts that have not yet said what they made of a beat."""
        said = self._said.get((run, seq, at_ns), {})
        return tuple(part for part in range(len(self._split)) if part not in said)

    def pass_over(self, at_ns: Nanos) -> None:
        """A beat that nobody waits for: what was said of it and of those before is forgotten, of whatever run."""
        self._done_ns = at_ns
        self._said = {key: parts for key, parts in self._said.items() if key[2] > at_ns}
        self._kept = sum(len(parts) for parts in self._said.values())

    def close(self, position: StreamPosition, at_ns: Nanos, beat: int) -> ShardFrames:
        """The frames of the beat at a position by those who were in time; from now on everybody else is late."""
        run, seq = position.run, position.seq
        said = self._said.pop((run, seq, at_ns), {})
        signals = {each.agent: each for part in sorted(said) for each in said[part].signals}
        features: FeatureFrame | None = said[0].features if 0 in said else None
        frames = ShardFrames(
            stream=run,
            epoch=position.epoch,
            seq=seq,
            beat=beat,
            features=features,
            signals=tuple(_in_order(signals, self._agents)),
            late=tuple(
                agent for agent in self._agents if any(agent in self._split[part] for part in self._absent(said))
            ),
        )
        self.pass_over(at_ns)
        return frames

    def _is_of_this_split(self, frames: PartFrames) -> bool:
        parts = len(self._split)
        if frames.parts != parts or not 0 <= frames.part < parts:
            return False
        return all(each.agent in self._split[frames.part] for each in frames.signals)

    def _absent(self, said: dict[int, PartFrames]) -> tuple[int, ...]:
        return tuple(part for part in range(len(self._split)) if part not in said)


def _in_order(signals: dict[str, SignalFrame], agents: tuple[str, ...]) -> list[SignalFrame]:
    return [signals[agent] for agent in agents if agent in signals]
