"""The source in memory does what every source does."""

import pytest

from adapters.signals.memory import MemorySignals
from contracts.ports import SignalsLost
from tests.kit.signal_sources import LAWS, Place


class Here(Place):
    def __init__(self) -> None:
        self.source = self.memory = MemorySignals()

    async def write(self, *records: bytes) -> None:
        for data in records:
            self.memory.write(data, 1)

    async def break_off(self) -> None:
        self.memory.lose("nobody is there")


@pytest.mark.parametrize("law", LAWS)
async def test_it_keeps_the_laws_of_the_port(law) -> None:
    await law(Here())


async def test_a_connection_that_is_lost_says_so_and_can_be_made_again() -> None:
    source = MemorySignals()
    async with source.connect() as batches:
        source.lose("gone")
        with pytest.raises(SignalsLost, match="gone"):
            await anext(batches)
    source.heal()
    async with source.connect() as batches:
        source.write(b"back", 1)
        assert [each.data for each in await anext(batches)] == [b"back"]
