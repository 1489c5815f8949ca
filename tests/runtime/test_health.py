import http.client
import json
from collections.abc import Iterator

import pytest

from runtime.health import HealthServer, NotLoopback, Status, StatusBoard
from runtime.httpd import PortInUse


class Served:
    """A health server on a free port, with the loop's side in the hands of the test."""

    def __init__(self) -> None:
        self.board = StatusBoard()
        self.late_s = 0.0
        self.server = HealthServer(
            self.board, lambda: self.late_s, lambda: b"bot_turns_total 3\n",
            port=0, lag_s_max=2.0,
        )  # fmt: skip

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body


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


def test_an_unknown_path_says_which_there_are(served):
    assert served.ask("/etc/passwd")[0] == 404


def test_a_port_in_use_is_named_with_its_setting(served):
    with pytest.raises(PortInUse, match=rf"port {served.server.port} on 127\.0\.0\.1 is in use: set health\.port"):
        HealthServer(served.board, lambda: 0.0, lambda: b"", port=served.server.port, lag_s_max=1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_other_machines_are_let_in_only_when_that_is_allowed(host):
    with pytest.raises(NotLoopback, match=r"health\.host .* while remote access is off"):
        HealthServer(StatusBoard(), lambda: 0.0, lambda: b"", host=host, port=0, lag_s_max=1)


def test_with_leave_it_listens_to_all():
    HealthServer(
        StatusBoard(), lambda: 0.0, lambda: b"", host="0.0.0.0", port=0, lag_s_max=1, allow_remote=True
    ).close()
