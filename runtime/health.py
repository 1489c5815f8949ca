"""Health of the process for probes and Prometheus: /livez, /readyz, /healthz and /metrics, to this machine by default.

The pages are made on the server's thread out of what the loop published as one immutable object, and nothing else.
"""

from collections.abc import Callable

import msgspec

from runtime.httpd import CONNECTION_S_MAX, HttpServer, Page, is_loopback
from runtime.metrics import CONTENT_TYPE


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the loop last published: whether it is ready, what is still missing, and a summary for people."""

    ready: bool
    reasons: tuple[str, ...]
    summary: dict[str, str | int | float | bool | None]


class StatusBoard:
    """Where the loop leaves its status for other threads: one reference, replaced whole."""

    def __init__(self) -> None:
        self.status = Status(ready=False, reasons=("starting",), summary={})

    def publish(self, status: Status) -> None:
        """Replace the status."""
        self.status = status


class NotLoopback(ValueError):
    """The health server was asked to listen to other machines without being allowed to."""


class HealthServer:
    """Serves until `close`.

    Parameters
    ----------
    board
        Where the loop publishes its status.
    lag_s
        How late the loop is, in seconds; called on the server's thread.
    exposition
        The text of /metrics; called on the server's thread.
    host, port
        Where to listen; port 0 takes a free one, `port` then tells which. Raises NotLoopback for a host that other
        machines can reach unless `allow_remote`, PortInUse if the port is taken.
    lag_s_max
        /livez fails, and with it /readyz, when the loop is later than this.
    """

    def __init__(
        self,
        board: StatusBoard,
        lag_s: Callable[[], float],
        exposition: Callable[[], bytes],
        *,
        port: int,
        lag_s_max: float,
        host: str = "127.0.0.1",
        allow_remote: bool = False,
        connection_s_max: float = CONNECTION_S_MAX,
    ) -> None:
        if not (allow_remote or is_loopback(host)):
            raise NotLoopback(f"health.host {host}: expected 127.0.0.1, ::1 or localhost while remote access is off")
        self._board = board
        self._lag_s = lag_s
        self._exposition = exposition
        self._lag_s_max = lag_s_max
        self._server = HttpServer(
            self.page, host=host, port=port, setting="health.port", connection_s_max=connection_s_max
        )
        self.port = self._server.port

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.close()

    def page(self, path: str) -> Page:
        """What is served at a path."""
        status, lag_s = self._board.status, self._lag_s()
        alive = lag_s <= self._lag_s_max
        late = () if alive else (f"the loop is {lag_s:.3f} s late, at most {self._lag_s_max} s",)
        life = {"alive": alive, "lag_s": round(lag_s, 3), "lag_s_max": self._lag_s_max}
        readiness = {"ready": status.ready and alive, "reasons": [*late, *status.reasons]}
        match path:
            case "/metrics":
                return Page(200, text=self._exposition(), kind=CONTENT_TYPE)
            case "/livez":
                return Page(200 if alive else 503, life)
            case "/readyz":
                return Page(200 if readiness["ready"] else 503, readiness)
            case "/healthz":
                return Page(200 if alive else 503, {**life, **readiness, "summary": status.summary})
            case _:
                return Page(404, {"error": "expected /livez, /readyz, /healthz or /metrics"})
