"""The head of a stream: when it began, of what, and which feed it carries; asked for before a world is made for it."""

import asyncio

import msgspec

from adapters.kafka.role_reading import Heard, RoleReader
from adapters.kafka.role_topics import RolesUnusable, Topics
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal
from contracts import codec
from contracts.instrument import Universe
from contracts.market import FeedStatus, UniverseChanged
from contracts.quantities import Nanos, Seconds
from contracts.stream import StreamBlock


class StreamHead(msgspec.Struct, frozen=True):
    """Where a stream begins."""

    start_ns: Nanos
    universe: Universe
    feed: str


async def head_of(settings: KafkaSettings, topics: Topics, seal: Seal, within_s: Seconds) -> StreamHead:
    """The head of the first run on the topic, once it is there; raises RolesUnusable where it does not come in time."""
    reader = RoleReader(settings, topics, seal, topics.stream, "keel-head")
    found = _Finding()
    try:
        async with asyncio.timeout(within_s):
            await reader.read((0,), found.put, lambda: True)
    except _Found:
        assert found.head is not None, "it was raised because of it"
        return found.head
    except TimeoutError as error:
        raise RolesUnusable(
            f"no stream began on {topics.stream} in {within_s:g} s; start `bot run --role ingest` with the same profile"
        ) from error
    raise AssertionError("a reader reads for ever")


class _Found(Exception):
    """The head is known; nothing more is to be read."""


class _Finding:
    """Collects what the head is made of from the first blocks."""

    def __init__(self) -> None:
        self.head: StreamHead | None = None
        self._start_ns: Nanos | None = None
        self._universe: Universe | None = None

    def put(self, heard: Heard) -> None:
        if not isinstance(heard, StreamBlock) or (self._start_ns is None and heard.messages[0].seq != 1):
            return
        for message in heard.messages:
            if self._start_ns is None:
                self._start_ns = message.at_ns
            if message.type in (UniverseChanged.__name__, FeedStatus.__name__):
                self._learn(codec.decode(message.type, message.payload))

    def _learn(self, said: msgspec.Struct) -> None:
        if isinstance(said, UniverseChanged):
            self._universe = said.universe
        elif isinstance(said, FeedStatus) and self._universe is not None and self._start_ns is not None:
            self.head = StreamHead(self._start_ns, self._universe, said.feed)
            raise _Found
