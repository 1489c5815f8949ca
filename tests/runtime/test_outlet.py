"""Outlets: bounded, in order, never in the way of the turn that writes; an overflow is told once and counted."""

import asyncio

import pytest

from runtime.outlet import Outlet, OutletOverflow
from tests.kit.market import a_tick, an_envelope


def an_outlet(*seqs: int, capacity: int = 3) -> Outlet:
    outlet = Outlet("orders", capacity)
    offer(outlet, *seqs)
    return outlet


def offer(outlet: Outlet, *seqs: int) -> None:
    for seq in seqs:
        outlet.offer(an_envelope(a_tick(), seq=seq))


async def read(outlet: Outlet, count: int) -> list[int]:
    return [(await anext(outlet)).seq for _ in range(count)]


async def test_messages_come_out_in_the_order_they_were_said() -> None:
    assert await read(an_outlet(1, 2, 3), 3) == [1, 2, 3]


async def test_a_reader_that_waits_gets_what_is_said_next() -> None:
    outlet = an_outlet()
    asyncio.get_running_loop().call_later(5, offer, outlet, 7, 8)
    assert await read(outlet, 2) == [7, 8]


async def test_what_waits_can_be_taken_out_at_once() -> None:
    outlet = an_outlet(1, 2)
    assert [envelope.seq for envelope in outlet.unread()] == [1, 2]
    assert list(outlet.unread()) == []
    offer(outlet, 3)
    assert await read(outlet, 1) == [3]


async def test_who_takes_out_at_once_learns_of_an_overflow_too() -> None:
    with pytest.raises(OutletOverflow):
        list(an_outlet(1, 2, 3, 4).unread())


async def test_a_full_outlet_drops_all_and_counts_them() -> None:
    outlet = an_outlet(1, 2, 3, 4)
    assert (len(outlet), outlet.dropped, outlet.depth_max) == (0, 4, 4)


async def test_the_reader_hears_of_an_overflow_once_and_goes_on_with_what_is_said_next() -> None:
    outlet = an_outlet(1, 2, 3, 4, 5)
    with pytest.raises(OutletOverflow, match="orders left more than 3 messages unread"):
        await read(outlet, 1)
    assert await read(outlet, 1) == [5]


async def test_exactly_its_capacity_is_no_overflow() -> None:
    outlet = an_outlet(1, 2, 3)
    assert outlet.dropped == 0
    assert await read(outlet, 3) == [1, 2, 3]


async def test_every_overflow_adds_to_the_count() -> None:
    outlet = an_outlet(*range(1, 9))
    assert outlet.dropped == 8


async def test_a_closed_outlet_takes_nothing() -> None:
    outlet = an_outlet()
    outlet.closed = True
    offer(outlet, 1)
    assert (len(outlet), outlet.dropped) == (0, 0)


async def test_a_reader_that_was_cancelled_misses_nothing() -> None:
    outlet = an_outlet()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await read(outlet, 1)
    offer(outlet, 9)
    assert await read(outlet, 1) == [9]
