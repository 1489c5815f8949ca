"""What every source of remote signals must do, whoever keeps the records: the tests of the port."""

import asyncio
from abc import ABC, abstractmethod

import pytest

from contracts.ports import SignalsLost, SignalSource

PATIENCE_S = 30.0


class Place(ABC):
    """A source under test, and the hands of those who write to it and of those who break it."""

    source: SignalSource

    @abstractmethod
    async def write(self, *records: bytes) -> None:
        """Leave records; returns when they are there."""

    @abstractmethod
    async def break_off(self) -> None:
        """Let nobody reach it."""


async def heard(batches, count: int) -> list[bytes]:
    """The next records."""
    found: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            batch = await anext(batches)
            assert 0 < len(batch) <= 1000
            assert all(each.stamped_ns > 0 for each in batch)
            found += [each.data for each in batch]
    return found


async def hears_from_the_end_on(place: Place) -> None:
    """What was there before is old; what comes then is heard whole, once and in order."""
    await place.write(b"before")
    async with place.source.connect() as batches:
        await place.write(b"one", b"two")
        await place.write(b"", b"\x00\xff")
        assert await heard(batches, 4) == [b"one", b"two", b"", b"\x00\xff"]
        many = [b"%d" % number for number in range(2_000)]
        await place.write(*many)
        assert await heard(batches, 2_000) == many
    await place.write(b"between")
    async with place.source.connect() as batches:
        await place.write(b"after")
        assert await heard(batches, 1) == [b"after"]


async def says_that_it_cannot_be_reached(place: Place) -> None:
    """Where there is nobody, entering says so within its time."""
    await place.break_off()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(SignalsLost):
            async with place.source.connect():
                pass


LAWS = (hears_from_the_end_on, says_that_it_cannot_be_reached)
