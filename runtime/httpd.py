"""A small HTTP server for pages that are read: one thread, one selector, a bounded number of bounded connections.

Neither a slow client nor a thousand of them touch the event loop, or keep another client out for long.
"""

import errno
import ipaddress
import json
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from runtime.clock import monotonic_s

HEADER_BYTES_MAX: Final = 8 * 1024
CONNECTIONS_MAX: Final = 32
CONNECTION_S_MAX: Final = 10.0
"""From the first byte to the last: a client that drips bytes gets no longer than one that is silent."""

FD_PAUSE_S: Final = 0.1

REASONS: Final = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    421: "Misdirected Request", 431: "Request Header Fields Too Large", 503: "Service Unavailable",
}  # fmt: skip


class Page(msgspec.Struct, frozen=True):
    """An answer: JSON unless `text` is given."""

    code: int
    content: dict[str, Any] = {}
    text: bytes | None = None
    kind: str = "application/json"


class PortInUse(OSError):
    """Another process has the port."""


class _Connection:
    """One client: what it said, what it is still to be told, and how long it may stay."""

    __slots__ = ("deadline_s", "fd", "heard", "socket", "unsent")

    def __init__(self, client: socket.socket, deadline_s: float) -> None:
        self.socket = client
        self.fd = client.fileno()
        self.deadline_s = deadline_s
        self.heard = b""
        self.unsent = b""


class HttpServer:
    """Answers GET and HEAD by `page(path)`, called on the server's own thread, until `close`.

    Raises PortInUse, naming `setting`, when the port is taken; port 0 takes a free one.
    """

    def __init__(
        self,
        page: Callable[[str], Page],
        *,
        host: str,
        port: int,
        setting: str,
        connection_s_max: float = CONNECTION_S_MAX,
    ) -> None:
        self._page = page
        self._connection_s_max = connection_s_max
        self._listener = _listen(host, port, setting)
        self.port = int(self._listener.getsockname()[1])
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._connections: dict[int, _Connection] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._closing.set()
        self._wake.send(b"x")
        self._thread.join(timeout=5)
        self._wake.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            for key, _ in self._selector.select(self._connection_s_max / 4 if self._connections else None):
                if key.fileobj is self._listener:
                    self._accept()
                elif (known := self._connections.get(key.fd)) and known.socket is key.fileobj:
                    self._advance(known)
            self._drop_overdue()
        for connection in tuple(self._connections.values()):
            self._drop(connection)
        self._selector.close()
        self._listener.close()
        self._woken.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                # The listener stays ready while no descriptor is free: without a pause this would burn a core.
                self._closing.wait(FD_PAUSE_S)
            return
        client.setblocking(False)
        if len(self._connections) >= CONNECTIONS_MAX:
            # The oldest goes, not the newest: whoever fills all places with silence must not keep a probe out.
            self._drop(next(iter(self._connections.values())))
        self._connections[client.fileno()] = _Connection(client, monotonic_s() + self._connection_s_max)
        self._selector.register(client, selectors.EVENT_READ)

    def _advance(self, connection: _Connection) -> None:
        try:
            if connection.unsent:
                self._send(connection)
            else:
                self._hear(connection)
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)

    def _hear(self, connection: _Connection) -> None:
        part = connection.socket.recv(HEADER_BYTES_MAX + 1)
        connection.heard += part
        if not part:
            self._drop(connection)
        elif len(connection.heard) > HEADER_BYTES_MAX:
            self._answer(connection, _refusal(431, f"expected at most {HEADER_BYTES_MAX} bytes"))
        elif b"\r\n\r\n" in connection.heard:
            self._answer(connection, self._respond(connection.heard))

    def _answer(self, connection: _Connection, response: bytes) -> None:
        connection.unsent = response
        self._selector.modify(connection.socket, selectors.EVENT_WRITE)

    def _send(self, connection: _Connection) -> None:
        connection.unsent = connection.unsent[connection.socket.send(connection.unsent) :]
        if not connection.unsent:
            connection.socket.shutdown(socket.SHUT_WR)
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        del self._connections[connection.fd]
        connection.socket.close()

    def _drop_overdue(self) -> None:
        now_s = monotonic_s()
        for connection in tuple(self._connections.values()):
            if connection.deadline_s <= now_s:
                self._drop(connection)

    def _respond(self, heard: bytes) -> bytes:
        head, _, body = heard.partition(b"\r\n\r\n")
        request, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        words = request.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or "host" not in fields:
            return _refusal(400, "expected an HTTP/1.1 request with a Host")
        if not _may_be_asked_for(fields["host"]):
            return _refusal(421, "this server is not known by that host name")
        if words[0] not in ("GET", "HEAD"):
            return _refusal(405, "expected GET or HEAD")
        if body or fields.get("content-length", "0") != "0" or "transfer-encoding" in fields:
            return _refusal(413, "expected no body")
        return _response(self._page(words[1].partition("?")[0]), with_body=words[0] == "GET")


def is_loopback(host: str) -> bool:
    """True if no other machine can reach that host."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _listen(host: str, port: int, setting: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(CONNECTIONS_MAX)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} on {host} is in use: set {setting} to a free one, or to 0 for any") from error
        raise
    listener.setblocking(False)
    return listener


def _refusal(code: int, error: str) -> bytes:
    return _response(Page(code, {"error": error}), with_body=True)


def _response(page: Page, *, with_body: bool) -> bytes:
    body = page.text if page.text is not None else json.dumps(page.content).encode() + b"\n"
    head = (
        f"HTTP/1.1 {page.code} {REASONS[page.code]}\r\nContent-Type: {page.kind}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _may_be_asked_for(host: str) -> bool:
    """True for `localhost` and for addresses: a page that rebinds its own name to this machine must send that name."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return bare == "localhost" or _is_address(bare)
