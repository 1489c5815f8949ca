"""One server of each kind for a session of `make test-services`, on real loops."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.kit.services import Certificates, KafkaServer, PostgresServer, RedisServer, cannot_have
from tests.kit.virtual_time import LOOPS

FAREWELL = (
    "ignore:Exception ignored in. <(function _SelectorTransport|socket.socket):pytest.PytestUnraisableExceptionWarning"
)
"""The farewell of a TLS connection may outlive the loop of a test by a moment: what is left is a socket."""

_kafkas: list[KafkaServer] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory asks for a real server."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.services)
            item.add_marker(pytest.mark.filterwarnings(FAREWELL))


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Servers live in real time: the stock loop, and any other to a test that chooses."""
    marker = item.get_closest_marker("asyncio")
    chosen = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if chosen else {"asyncio": LOOPS["asyncio"]}


def demand(name: str) -> None:
    """Skip where this machine cannot have a server, with the reason; in CI `requirements/services.sh` fails before."""
    wanting = cannot_have(name)
    if wanting is not None:
        pytest.skip(wanting)


@pytest.fixture(autouse=True)
def _mended(request: pytest.FixtureRequest) -> None:
    """A server that the test before left stopped, hung or out of breath is none of this test's business."""
    for name in ("kafka", "redis", "postgres", "secured_kafka"):
        if name in request.fixturenames:
            request.getfixturevalue(name).mend()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    demand("kafka")
    with KafkaServer() as server:
        _kafkas.append(server)
        yield server
        _kafkas.remove(server)


@pytest.fixture(scope="module", autouse=True)
def _tidied() -> Iterator[None]:
    """Each module leaves the broker as empty as it found it."""
    yield
    for server in _kafkas:
        server.mend()
        server.forget_topics()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    demand("redis")
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    demand("postgres")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def secured_kafka(certificates: Certificates) -> Iterator[KafkaServer]:
    """A broker with SASL_SSL and mTLS listeners, where everyone has the rights that a test gave him and no others."""
    demand("kafka")
    with KafkaServer(certificates) as server:
        yield server
