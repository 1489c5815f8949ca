import asyncio

import pytest

from actors.gateways.metronome import CadenceSettings, Metronome
from contracts.envelope import Envelope
from contracts.life import Beat, Stopping
from runtime.clock import LoopClock
from runtime.outlet import Outlet
from tests.kit.market import an_envelope, at


class Bar:
    """A door of the bus that notes the beats, and a stall after chosen ones."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.heard: list[tuple[float, str, int]] = []

    def __call__(self, payload: Beat) -> Envelope:
        self.heard.append(((self.clock.now() - at(0)) / 1e9, payload.kind, payload.number))
        return an_envelope(payload)


class Stalling(LoopClock):
    """A clock on which waking up takes `late_s` once, at second `after_s`."""

    def __init__(self, start_ns: int, *, after_s: float, late_s: float) -> None:
        super().__init__(start_ns)
        self.after_s, self.late_s = after_s, late_s

    async def sleep_until(self, at_ns: int) -> None:
        late = at_ns >= at(self.after_s) and self.late_s
        if late:
            self.late_s = 0.0
        await super().sleep_until(at_ns + round(late * 1e9))


class SetBack(LoopClock):
    """A clock that is set back once, by `by_s` at second `when_s`."""

    def __init__(self, start_ns: int, *, when_s: float, by_s: float) -> None:
        super().__init__(start_ns)
        self.when_ns, self.by_ns = at(when_s), round(by_s * 1e9)

    def now(self) -> int:
        true_ns = super().now()
        return true_ns - self.by_ns if true_ns >= self.when_ns else true_ns

    async def sleep_until(self, at_ns: int) -> None:
        await asyncio.sleep(max(0, at_ns - self.now()) / 1e9)


class Early(LoopClock):
    """A clock whose sleeps end twenty microseconds too early."""

    async def sleep_until(self, at_ns: int) -> None:
        await asyncio.sleep(max(0.0, (at_ns - self.now()) / 1e9 - 20e-6))


async def nothing_to_wait_for() -> None:
    return None


async def beaten(clock: LoopClock, *, decide_s: float, seconds: float, ready=nothing_to_wait_for, ending=None):
    """What was admitted within that many seconds, as (second, kind, number); `ending` is said at second 3."""
    bar, inbox = Bar(clock), Outlet("cadence", 8)
    clock.now()
    if ending is not None:
        asyncio.get_running_loop().call_at(3.0, inbox.offer, an_envelope(Stopping(ending, "a test")))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await Metronome(clock, CadenceSettings(decide_s=decide_s), ready).run(inbox, bar)
    return bar.heard


async def test_beats_lie_on_the_grid_of_the_cadence_whenever_the_process_started():
    heard = await beaten(LoopClock(at(0.3)), decide_s=5, seconds=10)
    assert [second for second, *_ in heard] == [1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9, 10, 10, 10]


async def test_a_signal_beat_and_its_decide_beat_are_admitted_in_one_go():
    heard = await beaten(LoopClock(at(0.3)), decide_s=5, seconds=10)
    assert [kind for *_, kind, _ in heard] == 2 * (["second"] * 4 + ["signal", "decide", "second"])
    assert [number for _, kind, number in heard if kind == "signal"] == [1, 2]
    assert [number for _, kind, number in heard if kind == "decide"] == [1, 2]


async def test_with_a_decision_each_second_orders_are_still_looked_after_every_second():
    heard = await beaten(LoopClock(at(0.5)), decide_s=1, seconds=3)
    assert [kind for *_, kind, _ in heard] == ["signal", "decide", "second"] * 3


async def test_a_cadence_of_broken_seconds_keeps_both_grids():
    heard = await beaten(LoopClock(at(0)), decide_s=2.5, seconds=5.1)
    assert [(second, kind) for second, kind, _ in heard if kind != "signal"] == [
        (1, "second"),
        (2, "second"),
        (2.5, "decide"),
        (3, "second"),
        (4, "second"),
        (5, "decide"),
        (5, "second"),
    ]


async def test_after_a_stall_missed_beats_are_skipped_and_the_numbers_tell():
    heard = await beaten(Stalling(at(0.5), after_s=3, late_s=10.4), decide_s=2, seconds=16)
    assert [(second, kind, number) for second, kind, number in heard if kind != "signal"] == [
        (1, "second", 1),
        (2, "decide", 1),
        (2, "second", 2),
        (13.4, "second", 3),
        (14, "decide", 7),
        (14, "second", 14),
        (15, "second", 15),
        (16, "decide", 8),
        (16, "second", 16),
    ]


async def test_a_clock_that_was_set_back_is_followed_and_numbers_go_on():
    heard = await beaten(SetBack(at(0), when_s=3, by_s=100), decide_s=60, seconds=6.5)
    assert [number for *_, number in heard] == [1, 2, 3, 4, 5, 6]
    assert [second for second, *_ in heard] == [1, 2, -97, -96, -95, -94]


async def test_waking_up_a_moment_early_makes_no_second_beat():
    heard = await beaten(Early(at(0)), decide_s=60, seconds=3.5)
    assert [number for *_, number in heard] == [1, 2, 3]


async def test_no_beat_before_the_history_was_admitted():
    async def history() -> None:
        await asyncio.sleep(7.5)

    heard = await beaten(LoopClock(at(0)), decide_s=1, seconds=9.2, ready=history)
    assert heard[0] == (8, "signal", 1)


@pytest.mark.parametrize("decide_s", [0.0, -1.0, float("inf")])
def test_a_cadence_that_never_or_always_beats_is_refused(decide_s):
    with pytest.raises(ValueError, match="decide_s was"):
        CadenceSettings(decide_s=decide_s)


@pytest.mark.parametrize(("ending", "decisions"), [("keep", 3), ("cancel", 3), ("flatten", 5)])
async def test_a_process_that_ends_decides_no_more_unless_it_ends_flat(ending, decisions):
    heard = await beaten(LoopClock(at(0.3)), decide_s=1, seconds=5, ending=ending)
    kinds = [kind for *_, kind, _ in heard]
    assert kinds.count("second") == 5
    assert kinds.count("decide") == kinds.count("signal") == decisions
