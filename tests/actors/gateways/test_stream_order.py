import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.gateways import stream_order
from actors.gateways.stream_order import StreamOrder
from contracts.stream import StreamBlock, StreamMessage, StreamPosition


def message(seq: int, text: str = "") -> StreamMessage:
    return StreamMessage(seq, seq * 10, "feed", "Tick", text.encode())


def block(first: int, last: int, *, run: str = "a", epoch: int = 1, text: str = "") -> StreamBlock:
    return StreamBlock(run, epoch, tuple(message(seq, text) for seq in range(first, last + 1)))


def taken(order: StreamOrder) -> list[StreamMessage]:
    return list(iter(order.take, None))


def heard(*blocks: StreamBlock, position: StreamPosition | None = None) -> tuple[StreamOrder, list[StreamMessage]]:
    order, said = StreamOrder(position), []
    for each in blocks:
        order.hear(each)
        said += taken(order)
    return order, said


@st.composite
def a_stream_in_pieces(draw: st.DrawFn) -> tuple[int, list[StreamBlock]]:
    """A run of some length, cut anywhere, parts of it twice, in any order."""
    length = draw(st.integers(1, 40))
    cuts = sorted(draw(st.sets(st.integers(1, length), max_size=10)) | {length})
    pieces = [block(low + 1, high) for low, high in zip([0, *cuts], cuts, strict=False)]
    pieces += draw(st.lists(st.sampled_from(pieces), max_size=10))
    return length, draw(st.permutations(pieces))


@given(a_stream_in_pieces())
def test_however_blocks_are_cut_mixed_and_repeated_the_same_messages_come_out(
    pieces: tuple[int, list[StreamBlock]],
) -> None:
    length, blocks = pieces

    order, said = heard(*blocks)

    assert [each.seq for each in said] == list(range(1, length + 1))
    assert order.position == StreamPosition("a", length + 1, 1)
    assert order.waiting == 0


@given(a_stream_in_pieces(), st.integers(1, 40), st.integers(0, 2**32))
@settings(max_examples=50)
def test_an_ingest_that_was_succeeded_says_nothing_beyond(
    pieces: tuple[int, list[StreamBlock]], first: int, seed: int
) -> None:
    length, blocks = pieces
    first = min(first, length + 1)
    successor = [block(first, first + 4, epoch=2, text="new")]
    zombie = [block(seq, seq + 2, text="zombie") for seq in range(first, first + 6, 2)]
    random.Random(seed).shuffle(zombie)
    before = [
        StreamBlock("a", 1, tuple(each for each in one.messages if each.seq < first))
        for one in blocks
        if one.messages[0].seq < first
    ]

    order, said = heard(*before, *successor, *zombie)

    assert [each.seq for each in said] == list(range(1, first + 5)), "the seqs have no hole and none comes twice"
    assert {each.payload for each in said if each.seq >= first} == {b"new"}
    assert order.counts.fenced == 9
    assert order.counts.forked == 0


def test_what_a_disk_lost_is_said_anew_by_the_next_process() -> None:
    order, said = heard(block(1, 10), block(8, 9, epoch=2, text="new"))

    assert [each.seq for each in said] == [*range(1, 11), 8, 9]
    assert order.counts.forked == 1


def test_nothing_comes_out_behind_a_hole_until_it_is_filled() -> None:
    order, said = heard(block(1, 2), block(4, 6))

    assert [each.seq for each in said] == [1, 2]
    order.hear(block(3, 3))
    assert [each.seq for each in taken(order)] == [3, 4, 5, 6]


def test_a_new_run_begins_where_the_old_one_has_nothing_more() -> None:
    order = StreamOrder()
    for each in (block(1, 3), block(1, 2, run="b", epoch=2), block(3, 4, run="b", epoch=2), block(4, 4)):
        order.hear(each)

    assert [each.seq for each in taken(order)] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert (order.run, order.epoch) == ("b", 2)


def test_a_run_of_an_older_ingest_is_not_heard() -> None:
    order, said = heard(block(1, 3, epoch=5), block(1, 3, run="old", epoch=4), block(4, 4, epoch=5))

    assert [each.seq for each in said] == [1, 2, 3, 4]
    assert order.counts.fenced == 3


def test_whoever_begins_in_the_middle_waits_for_the_start_of_a_run() -> None:
    order, said = heard(block(7, 9), block(1, 2, run="b", epoch=2))

    assert [each.seq for each in said] == [1, 2]
    assert order.run == "b"


def test_from_a_position_nothing_is_heard_twice_and_no_epoch_is_taken_for_a_new_one() -> None:
    before = (block(1, 5, epoch=1), block(6, 9, epoch=2))

    order, said = heard(*before, block(10, 12, epoch=2), position=StreamPosition("a", 8, 2))

    assert [each.seq for each in said] == [8, 9, 10, 11, 12]
    assert (order.counts.twice + order.counts.fenced, order.counts.forked) == (7, 0)


def test_behind_a_hole_no_more_waits_than_memory_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_order, "WAITING_MAX", 10)

    order, said = heard(block(1, 1), block(3, 30))

    assert [each.seq for each in said] == [1]
    assert (order.waiting, order.counts.forgotten) == (10, 18)


def test_a_position_before_the_next_process_lets_in_what_lies_between() -> None:
    blocks = (block(1, 10), block(11, 20, epoch=2))
    order = StreamOrder()
    for each in blocks:
        order.hear(each)
    for _ in range(5):
        order.take()
    assert order.position == StreamPosition("a", 6, 1)

    _, said = heard(*blocks, position=order.position)

    assert [each.seq for each in said] == list(range(6, 21))
