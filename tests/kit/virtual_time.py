"""The loops tests run on: virtual time by default, the stock loop and uvloop where a test asks for them."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest
import uvloop

from runtime.simloop import SimLoop

TEST_LIMIT_S: Final = 7 * 86_400.0
"""A test that is still waking up after a virtual week will never end."""

LOOPS: Final[dict[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "virtual": lambda: SimLoop(limit_s=TEST_LIMIT_S),
    "shuffled": lambda: SimLoop(seed=7, limit_s=TEST_LIMIT_S),
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}

on_a_real_loop = pytest.mark.asyncio(loop_factories=["asyncio"])
on_every_loop = pytest.mark.asyncio(loop_factories=list(LOOPS))


async def turns(count: int) -> None:
    """Let the loop go round; what was ready gets on, and time stands still on a virtual loop."""
    for _ in range(count):
        await asyncio.sleep(0)
