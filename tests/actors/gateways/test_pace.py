"""A pace is never exceeded in any window, and nobody waits longer than it demands."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.gateways.pace import Pace
from runtime.clock import LoopClock
from runtime.simloop import SimLoop
from tests.kit.market import NOON_NS


def turns_at(gaps, per_s, burst):
    async def work():
        clock = LoopClock(NOON_NS)
        pace, times = Pace(clock, per_s, burst), []
        for gap in gaps:
            await asyncio.sleep(gap)
            await pace.turn()
            times.append(clock.now())
        return times

    with asyncio.Runner(loop_factory=lambda: SimLoop(limit_s=10_000.0)) as runner:
        return runner.run(work())


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.1, 1.0]), min_size=1, max_size=25),
    st.sampled_from([1.0, 2.0, 10.0]),
    st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_i15_no_window_holds_more_than_its_burst_and_its_rate(gaps, per_s, burst):
    times = turns_at(gaps, per_s, burst)
    for start in times:
        for end in times:
            if end >= start:
                crowd = sum(start <= each <= end for each in times)
                assert crowd <= burst + per_s * (end - start) / 1e9 + 1e-6


def test_a_burst_goes_at_once_and_the_next_waits_one_interval():
    times = turns_at([0.0] * 4, 2.0, 3)
    assert [time - NOON_NS for time in times] == [0, 0, 0, 500_000_000]
