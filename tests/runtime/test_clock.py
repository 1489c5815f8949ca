import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import STEP_TOLERANCE_NS, FixedClock, LoopClock, WallClock, monotonic_s, since_boot_s
from runtime.simloop import run_virtual
from tests.kit.virtual_time import on_every_loop, turns

NOON_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


class Machine:
    """The two clocks of a machine, moved by hand."""

    def __init__(self) -> None:
        self.wall_ns, self.monotonic_ns = NOON_NS, 5 * SECOND_NS

    def passes(self, wall_ns: int, monotonic_ns: int) -> None:
        self.wall_ns += wall_ns
        self.monotonic_ns += monotonic_ns

    def clock(self) -> WallClock:
        return WallClock(wall_ns=lambda: self.wall_ns, monotonic_ns=lambda: self.monotonic_ns)


@pytest.mark.parametrize("step_ns", [DAY_NS, -DAY_NS, SECOND_NS, -SECOND_NS])
async def test_a_stepped_wall_neither_prolongs_nor_shortens_a_sleep(step_ns):
    machine = Machine()
    clock = machine.clock()

    async def step() -> None:
        await asyncio.sleep(1)
        machine.wall_ns += step_ns

    stepping = asyncio.create_task(step())
    before_s = asyncio.get_running_loop().time()
    await clock.sleep_until(clock.now() + 60 * SECOND_NS)
    assert asyncio.get_running_loop().time() - before_s == pytest.approx(60)
    await stepping


def test_a_step_of_the_wall_is_read_once_with_its_sign():
    machine = Machine()
    clock = machine.clock()
    machine.passes(SECOND_NS, SECOND_NS)
    assert clock.stepped() == 0
    machine.passes(SECOND_NS - DAY_NS, SECOND_NS)
    assert (clock.stepped(), clock.stepped()) == (-DAY_NS, 0)
    machine.passes(31 * SECOND_NS, SECOND_NS)
    assert (clock.stepped(), clock.stepped()) == (30 * SECOND_NS, 0)


def test_slewing_is_no_step_however_long_it_goes_on():
    machine = Machine()
    clock = machine.clock()
    for _ in range(1_000):
        machine.passes(SECOND_NS + STEP_TOLERANCE_NS // 2, SECOND_NS)
        assert clock.stepped() == 0


def test_the_machines_own_clocks_show_no_step():
    clock = WallClock()
    assert clock.stepped() == 0
    assert clock.now() > NOON_NS


async def test_a_loop_clock_wakes_on_the_nanosecond_for_hours():
    clock = LoopClock(NOON_NS)
    due_ns = clock.now()
    for _ in range(10_000):
        due_ns += SECOND_NS + 7
        await clock.sleep_until(due_ns)
        assert clock.now() == due_ns


@given(
    start_ns=st.integers(0, 2**61),
    speed=st.sampled_from([0.25, 1.0, 3.7, 60.0, 1e6]),
    steps_ns=st.lists(st.integers(-SECOND_NS, DAY_NS), max_size=20),
)
def test_a_loop_clock_never_wakes_early_and_never_goes_backwards(start_ns, speed, steps_ns):
    async def walk() -> None:
        clock = LoopClock(start_ns, speed=speed)
        for step_ns in steps_ns:
            before_ns = clock.now()
            await clock.sleep_until(before_ns + step_ns)
            assert clock.now() >= max(before_ns, before_ns + step_ns)
            assert clock.now() - max(before_ns, before_ns + step_ns) <= 1

    run_virtual(walk(), limit_s=float("inf"))


async def test_speed_is_recorded_time_for_each_second_of_the_loop():
    clock = LoopClock(NOON_NS, speed=60.0)
    assert clock.now() == NOON_NS
    await asyncio.sleep(2)
    assert clock.now() == NOON_NS + 120 * SECOND_NS


@on_every_loop
async def test_on_no_loop_does_a_sleeper_wake_early():
    clock = LoopClock(NOON_NS)
    for wait_ns in (1, 300_000, 700_000, 1_300_000, 2_499_999) * 3:
        due_ns = clock.now() + wait_ns
        await clock.sleep_until(due_ns)
        assert clock.now() >= due_ns


def test_before_any_loop_runs_a_loop_clock_stands_at_its_start():
    clock = LoopClock(NOON_NS)
    assert clock.now() == NOON_NS


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_no_factor_is_refused(speed):
    with pytest.raises(ValueError, match=r"speed .* of a clock: expected a positive, finite factor"):
        LoopClock(NOON_NS, speed=speed)


@pytest.mark.parametrize("clock", [LoopClock(NOON_NS), FixedClock(NOON_NS), Machine().clock()])
async def test_sleeping_until_the_past_lets_others_have_a_turn(clock):
    others = asyncio.create_task(turns(1))
    for _ in range(3):
        await clock.sleep_until(0)
    assert others.done()
    assert asyncio.get_running_loop().time() == 0.0


async def test_a_cancelled_sleeper_leaves_a_fixed_clock():
    clock = FixedClock(NOON_NS)
    sleeper = asyncio.create_task(clock.sleep_until(NOON_NS + 1))
    await turns(1)
    sleeper.cancel()
    await turns(1)
    assert sleeper.cancelled()
    assert clock._sleepers == []


async def test_setting_a_fixed_clock_wakes_the_earliest_first_and_only_those_due():
    clock = FixedClock(NOON_NS)
    woken: list[int] = []

    async def sleep(after_ns: int) -> None:
        await clock.sleep_until(NOON_NS + after_ns)
        woken.append(after_ns)

    sleepers = [asyncio.create_task(sleep(after_ns)) for after_ns in (30, 10, 20, 99)]
    await turns(1)
    clock.set(NOON_NS + 30)
    await turns(2)
    assert woken == [10, 20, 30]
    clock.set(NOON_NS + 99)
    await sleepers[-1]


def test_the_time_since_boot_is_never_less_than_the_time_awake() -> None:
    awake = monotonic_s()
    passed = since_boot_s()

    assert passed >= awake
    assert since_boot_s() >= passed
