import http.client
import socket
from collections.abc import Iterator

import pytest

from runtime.httpd import CONNECTIONS_MAX, HEADER_BYTES_MAX, HttpServer, Page, PortInUse, is_loopback

ALIVE = Page(200, {"alive": True})


class Served:
    """One page on a free port."""

    def __init__(self, page: Page = ALIVE, connection_s_max: float = 10.0) -> None:
        self.server = HttpServer(
            lambda path: page if path == "/livez" else Page(404, {"error": path}),
            host="127.0.0.1", port=0, setting="health.port", connection_s_max=connection_s_max,
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


def test_a_page_is_json_or_text_and_its_query_is_not_part_of_the_path(served):
    assert served.ask("/livez?verbose") == (200, '{"alive": true}\n')
    assert served.ask("/other?x=1") == (404, '{"error": "/other"}\n')


def test_a_head_request_gets_the_head_alone(served):
    said = served.say(b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert said.endswith(b"\r\n\r\n")
    assert b"Content-Length: 16\r\n" in said


def test_a_long_page_reaches_a_slow_reader_whole():
    served = Served(Page(200, text=b"x" * 12_000_000, kind="text/plain"))
    with served.connected() as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert served.ask("/other")[0] == 404
        said = b"".join(iter(lambda: client.recv(65_536), b""))
    assert said.endswith(b"x" * 12_000_000)
    served.server.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9100", "127.0.0.1.evil.example", "localhost.evil"])
def test_a_foreign_host_name_is_misdirected(served, host):
    assert served.ask("/livez", Host=host)[0] == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9100", "[::1]:9100", "10.0.0.7"])
def test_localhost_and_addresses_may_be_asked_for(served, host):
    assert served.ask("/livez", Host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_pages_can_only_be_read(served, method):
    assert served.ask("/livez", method=method)[0] == 405


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


@pytest.mark.numbers
def test_silent_clients_in_all_places_do_not_keep_a_probe_out(served):
    silent = [served.connected() for _ in range(CONNECTIONS_MAX + 8)]
    assert served.ask("/livez")[0] == 200
    assert len(served.server._connections) <= CONNECTIONS_MAX
    for client in silent:
        client.close()


def test_a_client_that_resets_in_the_middle_of_a_request_does_no_harm(served):
    client = served.connected()
    client.sendall(b"GET /livez HTTP/1.1\r\n")
    assert served.ask("/livez")[0] == 200
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert served.ask("/livez")[0] == 200


def test_a_closed_server_frees_its_port(served):
    again = Served()
    again.server.close()
    HttpServer(lambda path: Page(200), host="127.0.0.1", port=again.server.port, setting="health.port").close()


def test_a_port_in_use_is_named_with_its_setting(served):
    with pytest.raises(PortInUse, match=rf"port {served.server.port} on 127\.0\.0\.1 is in use: set health\.port"):
        HttpServer(lambda path: Page(200), host="127.0.0.1", port=served.server.port, setting="health.port")


@pytest.mark.parametrize(
    ("host", "verdict"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.7", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_which_hosts_no_other_machine_can_reach(host, verdict):
    assert is_loopback(host) is verdict
