"""How fast requests leave for a venue."""

from hypothesis import given
from hypothesis import strategies as st

from actors.gateways.pace import Pace
from bot.backtest.lanes import Lane
from runtime.clock import LoopClock
from runtime.simloop import run_virtual

SECOND = 10**9


def test_a_sender_takes_the_next_request_when_it_has_its_answer():
    lane = Lane(senders=2, per_s=1000.0, burst=10)
    for request in "abc":
        lane.put(request)
    assert [request for _, request in lane.leaving(SECOND)] == ["a", "b"]
    assert list(lane.leaving(2 * SECOND)) == []
    lane.answered()
    assert list(lane.leaving(3 * SECOND)) == [(3 * SECOND, "c")]


@given(
    st.lists(st.integers(0, 2_000), min_size=1, max_size=12).map(sorted),
    st.sampled_from([0.5, 2.0, 5.0]),
    st.integers(1, 4),
)
def test_requests_leave_at_the_pace_of_a_live_gateway(arrivals_ms, per_s, burst):
    async def awaited():
        clock = LoopClock(0)
        pace = Pace(clock, per_s, burst)
        left = []
        for arrival_ms in arrivals_ms:
            await clock.sleep_until(arrival_ms * 10**6)
            asked_ns = clock.now()
            await pace.turn()
            left.append((asked_ns, clock.now()))
        return left

    lane = Lane(senders=1, per_s=per_s, burst=burst)
    for asked_ns, left_ns in run_virtual(awaited()):
        lane.put("request")
        ((reckoned_ns, _),) = lane.leaving(asked_ns)
        assert abs(reckoned_ns - left_ns) <= 1
        lane.answered()
