import asyncio
import threading

from adapters.kafka.handover import Handover
from contracts.stream import PartFrames, StreamBlock, StreamMessage
from runtime.simloop import run_virtual
from tests.kit.virtual_time import on_a_real_loop

BLOCK = StreamBlock("a", 1, (StreamMessage(1, 10, "feed", "Tick", b""),))
FRAMES = PartFrames(run="a", seq=1, at_ns=5, part=0, parts=1, features=None, signals=())


def test_on_a_virtual_loop_time_stands_still_while_something_is_waited_for() -> None:
    handover = Handover(held=True)

    async def wait() -> tuple[object, float]:
        threading.Timer(0.05, handover.put, (BLOCK,)).start()
        heard = await handover.take(5.0)
        return heard, asyncio.get_running_loop().time()

    assert run_virtual(wait()) == (BLOCK, 0.0)


def test_a_wait_on_a_virtual_loop_ends_when_nothing_comes() -> None:
    assert run_virtual(Handover(held=True).take(0.01)) is None


@on_a_real_loop
async def test_on_a_real_loop_only_who_waits_is_held_up() -> None:
    handover = Handover(held=False)
    threading.Timer(0.05, handover.put, (FRAMES,)).start()
    turned = 0
    waiting = asyncio.get_running_loop().create_task(handover.frames(5.0))
    while not waiting.done():
        await asyncio.sleep(0.001)
        turned += 1

    assert waiting.result() == FRAMES
    assert turned > 1
    assert await handover.take(0.01) is None


@on_a_real_loop
async def test_frames_come_before_blocks_and_can_be_asked_for_alone() -> None:
    handover = Handover(held=False)
    for heard in (BLOCK, FRAMES, BLOCK):
        handover.put(heard)

    assert await handover.frames(0.01) == FRAMES
    assert await handover.frames(0.01) is None
    handover.put(FRAMES)
    assert [await handover.take(0.01) for _ in range(4)] == [FRAMES, BLOCK, BLOCK, None]


def test_who_reads_is_told_when_a_queue_is_full() -> None:
    handover = Handover(held=True, capacity=1)
    handover.put(BLOCK)

    assert not handover.room_for_blocks()
    assert handover.room_for_frames()


def test_what_nobody_takes_leaves_no_room_for_more_of_its_kind() -> None:
    handover = Handover(held=True, capacity=2)
    assert handover.room_for_blocks() and handover.room_for_frames()

    for _ in range(2):
        handover.put(FRAMES)

    assert handover.room_for_blocks() and not handover.room_for_frames()
    run_virtual(handover.frames(0.0))
    handover.put(BLOCK)
    handover.put(BLOCK)
    assert handover.room_for_frames() and not handover.room_for_blocks()
