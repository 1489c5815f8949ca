"""The stream of a process that has none: whoever is its own ingest, or is replayed, hears nothing."""

import asyncio

from contracts.quantities import Seconds
from contracts.stream import PartFrames, StreamBlock


class SilentStream:
    """Implements `contracts.ports.StreamSource`; nothing ever comes."""

    async def take(self, within_s: Seconds) -> StreamBlock | PartFrames | None:
        """Nothing, after that time."""
        await asyncio.sleep(within_s)
        return None

    async def frames(self, within_s: Seconds) -> PartFrames | None:
        """Nothing, after that time."""
        await asyncio.sleep(within_s)
        return None
