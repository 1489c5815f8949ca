"""The broker as a real process over real sockets, in real time: few cases, each bounded."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from adapters.simulated.ledger import audit
from adapters.simulated.process import main
from adapters.simulated.remote import RemoteVenue
from contracts.ports import FeedLost, VenueSilent
from contracts.quantities import SECOND_NS
from contracts.trade import OrderAccepted, OrderQuery
from runtime.clock import FixedClock, WallClock
from tests.kit.venues import QUICK, START_NS, VenueContract, VenueWorld, a_venue_order
from tests.kit.virtual_time import on_a_real_loop

ENDS_S = 10.0

SHORT_PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""


class Process:
    """A broker process with a ledger in a directory."""

    def __init__(self, directory, *options):
        self.socket, self.ledger = directory / "broker.sock", directory / "ledger"
        self.address = ("--socket", str(self.socket))
        self.options = options
        self.start()

    def command(self):
        market = json.dumps({"symbols": ["BTC-EUR", "ETH-EUR", "XRP-EUR"]})
        return [
            *(sys.executable, "-m", "adapters.simulated.process", *self.address),
            *("--ledger", str(self.ledger), "--seed", "7", "--balance", "EUR=500", "--die-with-parent"),
            *("--market", market, "--broker", json.dumps(QUICK), *self.options),
        ]

    def start(self):
        self.child = subprocess.Popen(self.command(), stdout=subprocess.PIPE)
        assert self.child.stdout is not None
        self.ready = json.loads(self.child.stdout.readline())

    def end(self, number=signal.SIGTERM):
        self.child.send_signal(number)
        code = self.child.wait(ENDS_S)
        assert self.child.stdout is not None
        self.child.stdout.close()
        return code

    def venue(self, timeout_s=10.0):
        return RemoteVenue(self.socket, WallClock(), timeout_s)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    process = Process(tmp_path_factory.mktemp("broker"))
    yield process
    assert process.end() == 0


@pytest.fixture
def process(tmp_path):
    process = Process(tmp_path)
    yield process
    if process.child.poll() is None:
        process.end(signal.SIGKILL)


@on_a_real_loop
class TestOverASocket(VenueContract):
    @pytest.fixture
    def world(self, shared):
        return VenueWorld(shared.venue(), WallClock(), wait_s=0.06, window_s=1.6)


@pytest.mark.numbers
@on_a_real_loop
async def test_a_killed_broker_takes_up_its_account_again(process):
    world = VenueWorld(process.venue(), WallClock(), wait_s=0.1)
    filled, resting = world.order(), world.order("XRP-EUR", rests=True)
    for order in (filled, resting):
        assert isinstance(await world.venue.submit(order), OrderAccepted)
    assert (await world.settled(filled, "filled")).state == "filled"
    before, fills = await world.venue.snapshot(), await world.venue.fills_since(0)
    assert process.end(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises(VenueSilent, match=r"broker\.sock"):
        await world.venue.snapshot()
    process.start()
    assert process.ready["facts"] == 3 + len(fills[0])
    after = await world.venue.snapshot()
    assert (after.balances, after.positions, after.open_orders) == (
        before.balances,
        before.positions,
        before.open_orders,
    )
    assert await world.venue.fills_since(0) == fills
    report = await world.venue.query(OrderQuery(filled.client_id, filled.symbol, 1))
    assert (report.state, report.filled, report.authoritative) == ("filled", filled.quantity, True)
    truth = audit(process.ledger)
    assert truth.positions["ETH-EUR"] == after.positions["ETH-EUR"]
    assert (truth.cash, truth.duplicates) == (after.balances, 0)


@on_a_real_loop
async def test_a_stream_ends_with_its_broker(process):
    async with process.venue().stream() as events:
        process.end(signal.SIGKILL)
        with pytest.raises(FeedLost):
            await anext(events)
    with pytest.raises(FeedLost, match="no private stream"):
        async with process.venue().stream():
            pass


@on_a_real_loop
async def test_a_silent_broker_is_silence_and_never_a_rejection(shared):
    shared.child.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(VenueSilent, match=r"no answer within 0\.2 s"):
            await shared.venue(timeout_s=0.2).snapshot()
    finally:
        shared.child.send_signal(signal.SIGCONT)
    assert list((await shared.venue().snapshot()).balances) == ["EUR"]


@on_a_real_loop
async def test_a_broker_on_a_port_may_live_at_another_time(tmp_path):
    process = Process.__new__(Process)
    process.ledger, process.address, process.options = (
        tmp_path / "ledger",
        ("--port", "0"),
        ("--start-ns", str(START_NS)),
    )
    process.start()
    try:
        venue = RemoteVenue(int(process.ready["address"]), WallClock(), 10.0)
        order = a_venue_order(FixedClock(START_NS), "k1-000001-00-0")
        assert isinstance(await venue.submit(order), OrderAccepted)
        report = await VenueWorld(venue, WallClock(), wait_s=0.05).settled(order, "filled")
        # When it was asked is told in the asker's time, not in the broker's.
        assert abs(report.asked_ns - WallClock().now()) < 60 * SECOND_NS
        assert abs((await venue.snapshot()).asked_ns - WallClock().now()) < 60 * SECOND_NS
        fills, _ = await venue.fills_since(0)
        assert 0 < fills[0].event_ns - START_NS < 60 * SECOND_NS
    finally:
        process.end(signal.SIGKILL)


@on_a_real_loop
async def test_a_lost_answer_leaves_an_order_that_lives(tmp_path):
    process = Process(tmp_path, "--weather", json.dumps({"venue": {"lost_answer": 1.0}, "silence_s": 0.01}))
    try:
        world = VenueWorld(process.venue(), WallClock(), wait_s=0.2)
        order = world.order()
        with pytest.raises(VenueSilent):
            await world.venue.submit(order)
        (placed,) = audit(process.ledger).orders[order.client_id]
        assert placed.quantity == order.quantity
    finally:
        process.end(signal.SIGKILL)


def test_a_ledger_has_one_broker_and_a_socket_only_its_owner(shared):
    second = subprocess.run(shared.command(), capture_output=True, timeout=30)
    assert second.returncode == 75
    assert b"belongs to a running broker" in second.stderr
    assert b"Traceback" not in second.stderr
    assert os.stat(shared.socket).st_mode & 0o777 == 0o600


def test_a_broker_dies_with_its_parent(tmp_path):
    process = Process.__new__(Process)
    process.ledger, process.address, process.options = tmp_path / "ledger", ("--socket", str(tmp_path / "s")), ()
    parent = [sys.executable, "-c", SHORT_PARENT, *process.command()]
    output = subprocess.run(parent, capture_output=True, timeout=30).stdout
    deadline_s = time.monotonic() + ENDS_S
    while _alive(int(output)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not _alive(int(output))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--balance", "EUR"), "--balance was 'EUR', expected ASSET=AMOUNT"),
        (("--balance", "EUR=5", "--broker", '{"latency_max": 3}'), "latency_max"),
        (("--balance", "EUR=5", "--broker", "{"), "--broker was '{', expected a JSON object"),
        (("--balance", "EUR=5", "--weather", "windy"), "weather was 'windy', expected one of calm, rough"),
        (("--balance", "EUR=5", "--market", '{"symbols": ["BTC-USD"]}'), "does not list BTC-USD"),
    ],
)
def test_bad_settings_are_one_line_and_exit_code_4(tmp_path, capsys, options, problem):
    address = ("--socket", str(tmp_path / "s"), "--ledger", str(tmp_path / "l"), "--seed", "1")
    assert main([*address, *options]) == 4
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
