"""An inspection finds the measured truth in real recordings, and names what is broken in a copy."""

import json

import msgspec
import pytest

from actors.gateways.inspection import inspect
from adapters.recorded.feed import RecordedFeed
from runtime.clock import FixedClock
from tests.kit.recordings import (
    COINBASE,
    EXPECTED,
    SPOT_2021,
    SPOT_BTC,
    SPOT_ETH,
    SPOT_TEXT_2021,
    USDM_2021,
    USDM_BTC,
    recording,
)

QUICK = [COINBASE, SPOT_2021, USDM_2021, SPOT_TEXT_2021, SPOT_BTC, SPOT_ETH]


class Copy:
    """A recording whose frames a test may spoil, in memory."""

    def __init__(self, name, spoil):
        self._feed = RecordedFeed(recording(name), FixedClock())
        self.universe = self._feed.universe
        self.parser = self._feed.parser
        self.summary = self._feed.summary
        self.spoil = spoil

    def frames(self):
        return iter(self.spoil(list(self._feed.frames())))


def expected(name):
    recording(name)
    return json.loads(EXPECTED.read_text())[name]


@pytest.mark.parametrize("name", [COINBASE, *(pytest.param(name, marks=pytest.mark.numbers) for name in QUICK[1:])])
def test_every_measured_field_of_a_recording_is_found_equal(name):
    truth = expected(name)
    found = inspect(RecordedFeed(recording(name), FixedClock()), [int(n) for n in truth.get("checkpoints", {})])

    assert {field: found.get(field) for field in truth} == truth
    assert (found["faults"], found["gaps"], found["crossed"], found["malformed"]) == ([], 0, 0, 0)
    assert set(found["trade_id_gaps"].values()) <= {0}
    assert json.loads(json.dumps(found)) == json.loads(msgspec.json.encode(found))


@pytest.mark.numbers
@pytest.mark.slow
def test_every_measured_field_of_the_futures_recording_is_found_equal():
    truth = expected(USDM_BTC)
    found = inspect(RecordedFeed(recording(USDM_BTC), FixedClock()))
    assert {field: found.get(field) for field in truth} == truth
    assert found["faults"] == []


def faults(name, spoil):
    return [(each["fault"], each["frame"]) for each in inspect(Copy(name, spoil))["faults"]]


def without(*numbers):
    return lambda frames: [frame for frame in frames if frame.number not in numbers]


def renumbered(frames):
    return [msgspec.structs.replace(frame, number=number) for number, frame in enumerate(frames)]


def doubled(at):
    return lambda frames: renumbered([*frames[: at + 1], *frames[at:]])


def swapped(at):
    def spoil(frames):
        first, then = frames[at], frames[at + 1]
        frames[at] = msgspec.structs.replace(first, data=then.data)
        frames[at + 1] = msgspec.structs.replace(then, data=first.data)
        return frames

    return spoil


def garbage(*numbers):
    return lambda frames: [
        msgspec.structs.replace(frame, data=frame.data[: len(frame.data) // 2]) if frame.number in numbers else frame
        for frame in frames
    ]


def stalled(at, seconds):
    return lambda frames: [
        msgspec.structs.replace(frame, received_ns=frame.received_ns + (frame.number >= at) * seconds * 10**9)
        for frame in frames
    ]


def test_frames_missing_from_a_copy_are_a_gap_named_at_the_next_frame():
    assert faults(COINBASE, without(300, 301, 302)) == [("gap", 303)]


def test_a_frame_twice_in_a_copy_is_a_duplicate():
    assert faults(COINBASE, doubled(400)) == [("duplicate", 401)]


def test_two_frames_swapped_in_a_copy_are_a_gap_and_a_swap():
    assert faults(COINBASE, swapped(500)) == [("gap", 500), ("swap", 501)]


def test_garbage_in_a_copy_is_named_and_leaves_a_gap():
    assert faults(COINBASE, garbage(600, 601)) == [("garbage", 600), ("garbage", 601), ("gap", 602)]


def test_a_stall_in_a_copy_is_named():
    assert faults(COINBASE, stalled(700, 6)) == [("stall", 700)]


@pytest.mark.numbers
def test_after_a_gap_the_books_are_void_to_the_end_where_no_snapshot_comes():
    found = inspect(Copy(COINBASE, without(300)), [299, 1029])
    assert found["checkpoints"]["299"] == expected(COINBASE)["checkpoints"]["299"]
    assert found["checkpoints"]["1029"]["BTC-USD"]["bids"] == 0
    assert found["sequence_num"] == "0..1029, holes: 1"
    assert found["not_believed"]["void"] > 0


def numbers_of(name, kind):
    feed = RecordedFeed(recording(name), FixedClock())
    return [frame.number for frame in feed.frames() if kind in frame.data[:60]]


@pytest.mark.numbers
@pytest.mark.parametrize("name", [SPOT_TEXT_2021, USDM_2021])
def test_in_chains_too_everything_broken_is_found_in_its_own_stream(name):
    depth = [n for n in numbers_of(name, b"@depth@") if n > 200]
    trades = [n for n in numbers_of(name, b"aggTrade") if n > 200]

    at = depth[20]
    assert faults(name, without(at))[0][0] == "gap"
    assert faults(name, doubled(at)) == [("duplicate", at + 1)]
    assert faults(name, garbage(at))[0] == ("garbage", at)
    found = inspect(Copy(name, without(*trades[5:7])))
    assert sum(found["trade_id_gaps"].values()) >= 1
    assert found["depth_gaps"] == 0


def test_swapped_changes_of_one_book_are_named():
    feed = RecordedFeed(recording(SPOT_ETH), FixedClock())
    depth = [frame.number for frame in feed.frames() if b"@depth@" in frame.data[:60]][40:42]

    def spoil(frames):
        (first, then) = (frames[n] for n in depth)
        frames[depth[0]] = msgspec.structs.replace(first, data=then.data)
        frames[depth[1]] = msgspec.structs.replace(then, data=first.data)
        return frames[: depth[1] + 1000]

    assert faults(SPOT_ETH, spoil) == [("gap", depth[0]), ("swap", depth[1])]
