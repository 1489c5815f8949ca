import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from runtime.health import HealthServer, NotLoopback, Status, StatusBoard
from runtime.httpd import CONNECTIONS_MAX, HEADER_BYTES_MAX, PortInUse


class Served:
    """A health server on a free port, with the loop's side in the hands of the test."""

    def __init__(self, connection_s_max: float = 10.0) -> None:
        self.board = StatusBoard()
        self.late_s = 0.0
        self.server = HealthServer(
            self.board, lambda: self.late_s, lambda: b"bot_turns_total 3\n",
            port=0, lag_s_max=2.0, connection_s_max=connection_s_max,
        )  # fmt: skip

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def say(self, *parts: bytes) -> bytes:
        """Send raw bytes and return all that comes back."""
        with self.connected() as client:
            for part in parts:
                client.sendall(part)
            return b"".join(iter(lambda: client.recv(65_536), b""))

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=5)


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.close()


READY = Status(ready=True, reasons=(), summary={"profile": "canary", "turns": 12})


def test_before_anything_is_published_it_is_alive_and_not_ready(served):
    assert served.ask("/livez")[0] == 200
    code, body = served.ask("/readyz")
    assert (code, json.loads(body)) == (503, {"ready": False, "reasons": ["starting"]})


def test_what_is_still_cold_is_named(served):
    served.board.publish(Status(ready=False, reasons=("features of BTC-EUR: 12 of 60 bars",), summary={}))
    code, body = served.ask("/readyz")
    assert (code, json.loads(body)["reasons"]) == (503, ["features of BTC-EUR: 12 of 60 bars"])
    served.board.publish(READY)
    assert served.ask("/readyz")[0] == 200


def test_a_loop_that_does_not_turn_is_neither_alive_nor_ready(served):
    served.board.publish(READY)
    served.late_s = 3.0
    assert served.ask("/livez")[0] == 503
    code, body = served.ask("/readyz")
    assert (code, json.loads(body)["reasons"]) == (503, ["the loop is 3.000 s late, at most 2.0 s"])
    assert served.ask("/healthz")[0] == 503
    assert served.ask("/metrics")[0] == 200


def test_the_summary_says_everything_at_once(served):
    served.board.publish(READY)
    code, body = served.ask("/healthz?verbose")
    assert code == 200
    assert json.loads(body) == {
        "alive": True, "lag_s": 0.0, "lag_s_max": 2.0, "ready": True, "reasons": [],
        "summary": {"profile": "canary", "turns": 12},
    }  # fmt: skip


def test_figures_are_served_as_text(served):
    assert served.ask("/metrics") == (200, "bot_turns_total 3\n")
    assert served.ask("/metrics", method="HEAD") == (200, "")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9100", "127.0.0.1.evil.example", "localhost.evil"])
def test_a_foreign_host_name_is_misdirected(served, host):
    assert served.ask("/livez", Host=host)[0] == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9100", "[::1]:9100", "10.0.0.7"])
def test_localhost_and_addresses_may_be_asked_for(served, host):
    assert served.ask("/livez", Host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_pages_can_only_be_read(served, method):
    assert served.ask("/livez", method=method)[0] == 405


def test_an_unknown_path_says_which_there_are(served):
    assert served.ask("/etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"GET /livez HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /livez\r\nHost: localhost\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n", b"413"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"413"),
        (b"GET /livez HTTP/1.1\r\nX: " + b"a" * HEADER_BYTES_MAX, b"431"),
    ],
)
def test_what_is_no_request_gets_the_code_that_says_why(served, request_bytes, code):
    assert served.say(request_bytes).split(b" ")[1] == code


def test_a_request_may_come_byte_by_byte(served):
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert b" 200 OK" in served.say(*(request[i : i + 1] for i in range(len(request))))


def test_a_client_that_never_finishes_is_shown_the_door():
    served = Served(connection_s_max=0.1)
    with served.connected() as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n")
        assert client.recv(1) == b""
    served.server.close()


def test_silent_clients_in_all_places_do_not_keep_a_probe_out(served):
    silent = [served.connected() for _ in range(CONNECTIONS_MAX + 8)]
    assert served.ask("/livez")[0] == 200
    assert len(served.server._server._connections) <= CONNECTIONS_MAX
    for client in silent:
        client.close()


def test_a_client_that_resets_does_no_harm(served):
    client = served.connected()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.close()
    assert served.ask("/livez")[0] == 200


def test_a_port_in_use_is_named_with_its_setting(served):
    with pytest.raises(PortInUse, match=rf"port {served.server.port} on 127\.0\.0\.1 is in use: set health\.port"):
        HealthServer(served.board, lambda: 0.0, lambda: b"", port=served.server.port, lag_s_max=1)


def test_a_closed_server_frees_its_port(served):
    again = Served()
    again.server.close()
    HealthServer(again.board, lambda: 0.0, lambda: b"", port=again.server.port, lag_s_max=1).close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_other_machines_are_let_in_only_when_that_is_allowed(host):
    with pytest.raises(NotLoopback, match=r"health\.host .* while remote access is off"):
        HealthServer(StatusBoard(), lambda: 0.0, lambda: b"", host=host, port=0, lag_s_max=1)


def test_with_leave_it_listens_to_all():
    HealthServer(
        StatusBoard(), lambda: 0.0, lambda: b"", host="0.0.0.0", port=0, lag_s_max=1, allow_remote=True
    ).close()
