import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec

from bot.endpoints import endpoints, health_port, is_a_daemon, secret
from bot.settings import HealthSettings
from tests.kit.worlds import a_profile


@contextmanager
def answering(page: bytes) -> Iterator[int]:
    """A server that gives the same page to whoever asks."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_free_port_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert health_port(HealthSettings(port=port)) == ("health port", True, f"127.0.0.1:{port} is free", "")


def test_a_port_that_is_drawn_is_always_well() -> None:
    assert health_port(HealthSettings(port=0)).ok


def test_a_port_with_a_daemon_on_it_is_well() -> None:
    with answering(json.dumps({"alive": True}).encode()) as port:
        finding = health_port(HealthSettings(port=port))

    assert finding.ok and "a daemon answers already" in finding.found


def test_a_port_with_something_else_on_it_is_told_with_what_to_do() -> None:
    for page in (b"hello", b"[]", b"{}"):
        with answering(page) as port:
            finding = health_port(HealthSettings(port=port))

        assert not finding.ok and "Address already in use" in finding.found
        assert "BOT__HEALTH__PORT" in finding.remedy


def test_a_port_where_nobody_speaks_is_no_daemon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert not is_a_daemon("127.0.0.1", port)


def test_an_address_of_another_machine_is_told() -> None:
    finding = health_port(HealthSettings(host="192.0.2.1", port=8321))

    assert not finding.ok and "192.0.2.1:8321" in finding.found


async def test_a_profile_without_services_has_one_endpoint() -> None:
    findings = await endpoints(a_profile(), {})

    assert [finding.name for finding in findings] == ["health port"]


async def test_a_key_of_roles_is_looked_for() -> None:
    profile = a_profile()
    keyed = msgspec.structs.replace(profile, roles=msgspec.structs.replace(profile.roles, key="env:KEEL_NO_SUCH_KEY"))

    *_, finding = await endpoints(keyed, {})

    assert (finding.name, finding.ok) == ("roles key", False)
    assert "env:KEEL_NO_SUCH_KEY" in finding.found


def test_a_secret_that_can_be_read_is_never_shown(monkeypatch) -> None:
    monkeypatch.setenv("KEEL_TEST_KEY", "very secret")

    assert secret("key", "env:KEEL_TEST_KEY") == ("key", True, "env:KEEL_TEST_KEY can be read", "")


async def test_a_history_whose_address_is_none_is_told() -> None:
    *_, finding = await endpoints(a_profile(), {"BOT__SINK__DSN": "mysql://x"})

    assert not finding.ok and "BOT__SINK__DSN: " in finding.found
