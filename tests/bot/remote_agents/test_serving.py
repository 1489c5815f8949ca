"""Serving without a broker: it says so, tries again ever more slowly, and can always be ended."""

import asyncio

from actors.agents.ofi import Ofi
from bot.remote_agents.life import AgentLife
from bot.remote_agents.serving import Served, Serving, summary_of
from runtime.clock import WallClock
from tests.adapters.kafka.test_tailing import nowhere
from tests.bot.remote_agents.test_life import SETTINGS
from tests.kit.virtual_time import on_a_real_loop


@on_a_real_loop
async def test_without_a_broker_it_says_so_and_can_be_ended() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    serving = Serving("far", AgentLife(Ofi, SETTINGS, "1"), nowhere(), WallClock(), told.put_nowait)
    task = asyncio.create_task(serving.run())
    first = await told.get()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() and "trying again in 1 s" in first
    assert summary_of(serving.served) == {
        "agent": "far", "run": "", "beats": 0, "written": 0, "dropped": 0, "unreadable": 0, "lost": 0,
    }  # fmt: skip
    assert isinstance(serving.served, Served)
