"""The control socket: an operator's verbs to a running process, over a Unix socket that only its own user can open.

One line of JSON each way. The kernel says who asks (SO_PEERCRED), so an act can be put on record with its principal.
A request that is sent again under its id is answered again and not done again.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import msgspec

SOCKET_NAME: Final = "control.sock"
REQUEST_BYTES_MAX: Final = 64 * 1024
REQUEST_S_MAX: Final = 10.0
CONNECTIONS_MAX: Final = 16
ANSWERS_KEPT: Final = 256
CREDENTIALS: Final = struct.Struct("3i")


class Principal(msgspec.Struct, frozen=True):
    """Who asks, by the kernel's word."""

    uid: int
    pid: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked; `principal` is filled in here and never believed from outside."""

    id: str
    verb: str
    fields: dict[str, Any] = {}
    principal: Principal = Principal(uid=-1, pid=-1)


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of it; `error` is empty if it was done."""

    result: dict[str, Any] = {}
    error: str = ""


Handler = Callable[[Request], Response]


class ControlTaken(OSError):
    """Another living process serves the control socket of that directory."""


class NotRunning(ConnectionError):
    """Nobody serves the control socket of that directory."""


class NoAnswer(ConnectionError):
    """The process was there, but gave no answer in time; what was asked may have been done."""


class Refused(Exception):
    """The process answered that it will not; the text says why."""


class Control:
    """Serves `<directory>/control.sock` by one handler for each verb, called on the loop.

    Handlers answer at once; of what they raise only OSError is told to who asked. Raises ControlTaken if another
    process serves that directory.
    """

    def __init__(self, directory: Path, handlers: Mapping[str, Handler]) -> None:
        self._directory = directory
        self._handlers = dict(handlers)
        self._answers: dict[str, bytes] = {}
        self.connections: dict[int, asyncio.Transport] = {}

    async def serve(self) -> None:
        """Serve until cancelled, then take the socket away."""
        listener = _listen(self._directory)
        path = self._directory / SOCKET_NAME
        served = path.stat().st_ino
        try:
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(lambda: _Client(self), sock=listener)
            try:
                await loop.create_future()
            finally:
                server.close()
                for transport in tuple(self.connections.values()):
                    transport.abort()
        finally:
            listener.close()
            if path.exists() and path.stat().st_ino == served:
                path.unlink()

    def answer(self, line: bytes, principal: Principal) -> bytes:
        """One line for one line; what cannot be read or is not known is refused by name."""
        try:
            asked = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError as error:
            return _encoded(Response(error=f"not a request: {error}"))
        if (known := self._answers.get(asked.id)) is not None:
            return known
        handler = self._handlers.get(asked.verb)
        if handler is None:
            return _encoded(Response(error=f"verb {asked.verb!r}: expected one of {', '.join(sorted(self._handlers))}"))
        try:
            response = handler(msgspec.structs.replace(asked, principal=principal))
        except OSError as error:
            # The record of the act could not be kept; who asked must hear that, and a second try is a new one.
            return _encoded(Response(error=f"{asked.verb} failed: {error}"))
        answered = _encoded(response)
        self._answers[asked.id] = answered
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]
        return answered


class _Client(asyncio.Protocol):
    """One connection: one line in, one line out, then the end."""

    _transport: asyncio.Transport
    _principal: Principal
    _timer: asyncio.TimerHandle

    def __init__(self, control: Control) -> None:
        self._control = control
        self._heard = b""
        self._refusal = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's stream transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._control.connections[id(self)] = self._transport
        self._timer = asyncio.get_running_loop().call_later(REQUEST_S_MAX, self._transport.abort)
        peer = transport.get_extra_info("socket")
        pid, uid, _ = CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        self._principal = Principal(uid=uid, pid=pid)
        if uid not in (os.geteuid(), 0):
            self._refusal = f"user {uid} may not control a process of user {os.geteuid()}"
        elif len(self._control.connections) > CONNECTIONS_MAX:
            self._refusal = f"more than {CONNECTIONS_MAX} connections"

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._heard += data
        if len(self._heard) > REQUEST_BYTES_MAX:
            self._end(_encoded(Response(error=f"expected a request of at most {REQUEST_BYTES_MAX} bytes")))
        elif b"\n" in self._heard:
            # Only now: who is turned away before having spoken finds the line cut, not the reason.
            refused = _encoded(Response(error=self._refusal)) if self._refusal else None
            self._end(refused or self._control.answer(self._heard.partition(b"\n")[0], self._principal))

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        del self._control.connections[id(self)]

    def _end(self, answer: bytes) -> None:
        self._transport.write(answer)
        self._transport.close()


def ask(directory: Path, verb: str, *, timeout_s: float = 10.0, request_id: str = "", **fields: Any) -> dict[str, Any]:
    """Ask the process that serves a run directory, and return what it said.

    Raises NotRunning if nobody serves it, NoAnswer if the answer did not come in time, Refused with the reason.
    """
    request = Request(id=request_id or os.urandom(16).hex(), verb=verb, fields=fields)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(timeout_s)
        try:
            with _reachable(directory) as path:
                client.connect(path)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
            raise NotRunning(f"nothing is running in {directory}") from error
        try:
            client.sendall(msgspec.json.encode(request) + b"\n")
            line = b"".join(iter(lambda: client.recv(65_536), b""))
        except (TimeoutError, ConnectionError) as error:
            raise NoAnswer(f"{verb} in {directory}: no answer within {timeout_s} s") from error
    if not line.endswith(b"\n"):
        raise NoAnswer(f"{verb} in {directory}: the process went away before it answered")
    response = msgspec.json.decode(line, type=Response)
    if response.error:
        raise Refused(response.error)
    return response.result


def _encoded(response: Response) -> bytes:
    return msgspec.json.encode(response) + b"\n"


def _listen(directory: Path) -> socket.socket:
    with _reachable(directory) as path:
        _clear_the_way(path, directory)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # By the mask and not by chmod afterwards: in between anybody could connect.
        mask = os.umask(0o177)
        try:
            listener.bind(path)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
    listener.listen(CONNECTIONS_MAX)
    listener.setblocking(False)
    return listener


def _clear_the_way(path: str, directory: Path) -> None:
    """Remove the socket of a process that died; raises ControlTaken for one that lives."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except TimeoutError:
            pass  # it listens, but is busy
    raise ControlTaken(f"another process serves the control socket in {directory}")


@contextmanager
def _reachable(directory: Path) -> Iterator[str]:
    """A short name of the socket: an address holds 107 bytes, and a run directory may lie deeper than that."""
    handle = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)
