"""The gateway of agents elsewhere: what they wrote, checked at the door, is admitted; their absence is no matter.

It reads in batches and rests after each, so that a flood is read slowly instead of holding up the loop. A source that
is lost is tried again for ever, ever more slowly. Where it fails altogether its agents are silent, and that is all.
"""

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from actors.agents.settings import AgentSettings
from actors.gateways.remote_door import Door
from actors.gateways.remote_settings import RemoteCounts, RemoteSettings
from contracts.market import UniverseChanged
from contracts.ports import Clock, SignalsLost, SignalSource
from contracts.quantities import SECOND_NS, nanos
from contracts.remote import RemoteNews
from runtime.actor import Admit, Gateway, Inbox

__all__ = ["RemoteCounts", "RemoteSettings", "RemoteSignals"]

DOUBLINGS_MAX: Final = 16
TEXT_MAX: Final = 200


class RemoteSignals(Gateway):
    """Says `RemoteFrame` for what it takes, and `RemoteNews` about the source and what it refused."""

    role = "remote"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged,)

    def __init__(
        self,
        source: SignalSource,
        clock: Clock,
        settings: RemoteSettings,
        agents: Mapping[str, AgentSettings],
        counts: RemoteCounts,
    ) -> None:
        self._source = source
        self._clock = clock
        self._settings = settings
        self.counts = counts
        self._door = Door(settings, agents, counts)

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled."""
        failures = 0
        while True:
            began_ns = self._clock.now()
            try:
                await self._serve(inbox, admit)
            except SignalsLost as lost:
                if self.counts.connected or not failures:
                    admit(RemoteNews("lost", str(lost)[:TEXT_MAX], 1, ""))
                self.counts.lost += self.counts.connected
            finally:
                self.counts.connected = False
            lasted = self._clock.now() - began_ns > nanos(self._settings.retry_s_max)
            failures = 1 if lasted else failures + 1
            await self._pause(failures)

    async def _serve(self, inbox: Inbox, admit: Admit) -> None:
        async with self._source.connect() as batches:
            self.counts.connected = True
            self.counts.connections += 1
            admit(RemoteNews("connected", "", 1, ""))
            async for batch in batches:
                for envelope in inbox.unread():
                    self._door.know(envelope.payload.universe)
                now_ns = self._clock.now()
                for frame in self._door.take(batch, now_ns):
                    admit(frame)
                    await asyncio.sleep(0)
                for news in self._door.news(now_ns):
                    admit(news)
                await self._rest(len(batch))

    async def _rest(self, records: int) -> None:
        """As long as so many records may take."""
        await self._clock.sleep_until(self._clock.now() + round(records * SECOND_NS / self._settings.records_s_max))

    async def _pause(self, failures: int) -> None:
        wait_s = min(self._settings.retry_s_max, self._settings.retry_s * 2.0 ** min(failures - 1, DOUBLINGS_MAX))
        await self._clock.sleep_until(self._clock.now() + nanos(wait_s))
