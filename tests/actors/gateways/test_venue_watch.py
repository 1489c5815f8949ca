"""Watching a venue: both paths have to be alive, and a snapshot is true of the fills before it."""

import asyncio

from actors.gateways.venue_watch import ROUNDS_MAX, VenueWatch, WatchSettings
from contracts.trade import Fill, VenueSnapshot, VenueStatus
from runtime.clock import LoopClock
from tests.actors.gateways.test_order_gateway import Venue
from tests.kit.market import NOON_NS
from tests.kit.orders import a_fill

SETTINGS = WatchSettings(reconcile_s=10.0, answer_timeout_s=2.0, reconnect_first_s=0.5, reconnect_s_max=4.0)


async def watched(prepare, seconds, *, listening=True, unproved=bool):
    clock = LoopClock(NOON_NS)
    venue, admitted = Venue(clock), []
    prepare(venue)
    watch = VenueWatch(venue, clock, SETTINGS, admitted.append, unproved)
    works = [watch.reconcile, watch.tick, *([watch.listen] if listening else [])]
    tasks = [asyncio.get_running_loop().create_task(work()) for work in works]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return admitted


async def test_an_account_that_fills_faster_than_it_can_be_asked_is_left_until_later():
    def prepare(venue):
        venue.fills_during_snapshot = [a_fill(trade_id=f"t{number}") for number in range(ROUNDS_MAX + 1)]

    admitted = await watched(prepare, 9.0)
    assert [type(each) for each in admitted].count(VenueSnapshot) == 0 or admitted[-1] is not None
    fills = [each.trade_id for each in admitted if type(each) is Fill]
    assert len(fills) == len(dict.fromkeys(fills)), "the cursor moves on"


async def test_while_nothing_is_proved_it_asks_every_second():
    unproved = iter([True, True, True])
    admitted = await watched(lambda venue: None, 9.0, listening=False, unproved=lambda: next(unproved, False))
    assert [type(each) for each in admitted].count(VenueSnapshot) == 4
    admitted = await watched(lambda venue: None, 9.0, listening=False)
    assert [type(each) for each in admitted].count(VenueSnapshot) == 1


async def test_without_its_stream_a_venue_is_never_live():
    admitted = await watched(lambda venue: None, 5.0, listening=False)
    assert [each.state for each in admitted if type(each) is VenueStatus] == ["connecting"]
    assert VenueSnapshot in [type(each) for each in admitted]


async def test_a_stream_that_cannot_be_had_is_sought_at_growing_intervals():
    tries = []

    def prepare(venue):
        def refuse():
            tries.append(venue.clock.now() - NOON_NS)
            raise ConnectionError("refused")

        venue.stream = refuse

    admitted = await watched(prepare, 12.0)
    assert [round(each / 1e9, 1) for each in tries] == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5]
    assert admitted[-1].state in ("down", "connecting")
