"""One part of the agents on a stream in memory."""

from functools import cache

from bot.assemble import agents_of
from bot.roles.parts import PartRunner
from contracts import codec
from contracts.life import RunStopped
from contracts.stream import PartFrames, StreamBlock, StreamMessage
from tests.kit.roles import RUN, as_stream, blocks_of
from tests.kit.worlds import a_profile, simulate

PROFILE = a_profile(roles__parts=2)


@cache
def blocks() -> tuple[StreamBlock, ...]:
    return tuple(blocks_of(as_stream(simulate(a_profile(roles__parts=2), seconds=5))))


def a_runner(part: int) -> PartRunner:
    return PartRunner(PROFILE, agents_of(PROFILE), part, checked=True)


def heard(part: int) -> list[PartFrames]:
    return list(a_runner(part).hear_all(blocks()))


def test_a_part_answers_every_signal_beat_with_its_own_agents() -> None:
    for part, agents in ((0, {"momentum", "order_flow"}), (1, {"reversion"})):
        frames = heard(part)

        assert len(frames) == 5
        assert {(each.run, each.part, each.parts) for each in frames} == {(RUN, part, 2)}
        assert {signal.agent for each in frames for signal in each.signals} <= agents
        assert frames[-1].signals


def test_the_first_part_alone_says_the_features() -> None:
    assert all(each.features is not None for each in heard(0))
    assert all(each.features is None for each in heard(1))


def test_frames_name_the_beat_they_answer() -> None:
    beats = [
        message
        for block in blocks()
        for message in block.messages
        if message.type == "Beat" and b"signal" in message.payload
    ]

    assert [(each.seq, each.at_ns) for each in heard(1)] == [(each.seq, each.at_ns) for each in beats]


def test_who_takes_a_part_over_is_what_its_predecessor_was() -> None:
    runner, successor = a_runner(0), a_runner(0)
    said = list(runner.hear_all(blocks()))

    assert list(successor.hear_all(blocks())) == said
    assert successor.at_ns == runner.at_ns


def test_blocks_that_come_twice_are_answered_once() -> None:
    runner = a_runner(1)
    twice = [each for block in blocks() for each in (block, block)]

    assert list(runner.hear_all(twice)) == heard(1)


def test_the_end_of_the_run_is_heard_and_nothing_of_the_process_moves_a_part() -> None:
    runner = a_runner(1)
    list(runner.hear_all(blocks()))
    at_ns, last = runner.at_ns, runner.order.position.seq
    stopped = StreamMessage(last, at_ns + 10**9, "process", "RunStopped", codec.encode(RunStopped("over", 0)))

    assert list(runner.hear(StreamBlock(RUN, 1, (stopped,)))) == []
    assert runner.ended
    assert runner.at_ns == at_ns
    assert runner.failures == {}
