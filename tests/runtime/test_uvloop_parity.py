"""What the virtual loop proves must hold on the loops that trade: the same program says the same on all of them."""

import asyncio
import os
import signal
from collections.abc import Callable
from hashlib import blake2b

import pytest

from contracts.life import GatewayFailed
from runtime.restarts import Budget
from runtime.seeds import Seeds
from runtime.supervisor import Guard, Supervisor
from tests.kit.virtual_time import LOOPS

REAL_LOOPS = ["asyncio", "uvloop"]
QUICK = Guard(budget=Budget(failures_max=1_000, period_s=60, backoff_s=0, backoff_s_max=0))


class Chain:
    """A feed that crashes now and then, a worker that answers, a venue that is slow; joined by queues."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.chance = Seeds(11).generator("feed")
        self.sent = 0
        self.to_worker: asyncio.Queue[int] = asyncio.Queue(4)
        self.to_venue: asyncio.Queue[int] = asyncio.Queue(2)
        self.over = asyncio.Event()

    def failed(self, failure: GatewayFailed, error: BaseException | None) -> None:
        self.said.append(f"{failure.gateway} {failure.error} {failure.failures}")

    async def feed(self) -> None:
        while self.sent < 300:
            self.sent += 1
            await self.to_worker.put(self.sent)
            if self.chance.random() < 0.05:
                raise OSError(f"lost after {self.sent}")
        await self.over.wait()

    async def worker(self) -> None:
        while True:
            heard = await self.to_worker.get()
            self.said.append(f"heard {heard}")
            if heard % 3 == 0:
                async with asyncio.timeout(5):
                    await self.to_venue.put(heard)

    async def venue(self) -> None:
        while True:
            order = await self.to_venue.get()
            await asyncio.sleep(0)
            self.said.append(f"filled {order}")
            if order == 300:
                self.over.set()

    async def run(self) -> str:
        supervisor = Supervisor(Seeds(1).generator("backoff"), self.failed, guards={"quick": QUICK})
        for name, coroutine in (("feed", self.feed), ("worker", self.worker), ("venue", self.venue)):
            supervisor.spawn(name, coroutine, "quick")
        await self.over.wait()
        assert await supervisor.shutdown(1) == ()
        return blake2b("\n".join(self.said).encode(), digest_size=8).hexdigest()


async def run_chain() -> tuple[str, int]:
    chain = Chain()
    return await chain.run(), len(chain.said)


def on(loop: str, coroutine: Callable):
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(coroutine())


@pytest.mark.parametrize("loop", REAL_LOOPS)
def test_a_chain_of_gateways_says_the_same_on_a_real_loop_as_in_virtual_time(loop):
    said = on("virtual", run_chain)
    assert said[1] > 400
    assert on(loop, run_chain) == said


def test_the_seeded_order_differs_and_so_would_be_seen():
    assert on("shuffled", run_chain) != on("virtual", run_chain)


@pytest.mark.parametrize("loop", REAL_LOOPS)
def test_a_shutdown_at_any_turn_ends_the_chain_on_a_real_loop(loop):
    async def sweep() -> None:
        for step in range(60):
            chain = Chain()
            supervisor = Supervisor(Seeds(1).generator("backoff"), chain.failed, guards={"quick": QUICK})
            for name, coroutine in (("feed", chain.feed), ("worker", chain.worker), ("venue", chain.venue)):
                supervisor.spawn(name, coroutine, "quick")
            for _ in range(step):
                await asyncio.sleep(0)
            assert await supervisor.shutdown(5) == ()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    on(loop, sweep)


@pytest.mark.parametrize("loop", REAL_LOOPS)
def test_two_signals_are_heard_as_two(loop):
    async def hear() -> int:
        heard: asyncio.Queue[int] = asyncio.Queue()
        running = asyncio.get_running_loop()
        running.add_signal_handler(signal.SIGTERM, lambda: heard.put_nowait(signal.SIGTERM))
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            assert await heard.get() == signal.SIGTERM
        running.remove_signal_handler(signal.SIGTERM)
        return heard.qsize()

    assert on(loop, hear) == 0
