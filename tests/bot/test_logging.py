"""Logs: a line for what changed, repeats counted, and nobody outside can forge a line."""

import io
import json
from typing import Any

import msgspec

from bot.logging import LogTap, printable, utc
from contracts.decision import GateState
from contracts.envelope import Envelope
from contracts.quantities import SECOND_NS
from contracts.trade import OrderRejected
from tests.kit.market import a_universe_changed, at
from tests.kit.worlds import a_profile, a_start


def lines(*said: tuple[float, msgspec.Struct], verbosity: int = 0) -> list[dict[str, Any]]:
    stream = io.StringIO()
    tap = LogTap(verbosity=verbosity, stream=stream)
    for seq, (seconds, payload) in enumerate(said, 1):
        tap(Envelope(seq, seq, 0, at(seconds), "someone", payload))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def a_state(state: Any = "TRADING") -> GateState:
    return GateState(state, (), ())


def test_a_line_says_what_when_and_by_whom() -> None:
    (line,) = lines((0, a_state()))
    assert (line["event"], line["state"], line["source"], line["seq"]) == ("GateState", "TRADING", "someone", 1)
    assert line["at"] == "2026-01-01T12:00:00.000Z"


def test_repeats_are_held_back_and_counted() -> None:
    told = lines(*((second, a_state()) for second in range(0, 130, 10)))
    assert [line.get("repeated", 0) for line in told] == [0, 5, 5]


def test_a_change_is_told_at_once() -> None:
    told = lines((0, a_state("TRADING")), (1, a_state("REDUCING")), (2, a_state("HALTED")))
    assert [line["state"] for line in told] == ["TRADING", "REDUCING", "HALTED"]


def test_text_from_outside_cannot_forge_a_line() -> None:
    (line,) = lines((0, OrderRejected("k1-000001-00-0", 'no\n{"event": "forged"}\x1b[31m')))
    assert line["event"] == "OrderRejected"
    assert "\n" not in line["reason"]
    assert "\x1b" not in line["reason"]


class GoneReader(io.StringIO):
    """A pipe whose reader went away; `people` makes it a terminal."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_reader_that_went_away_is_counted_and_stops_nobody() -> None:
    tap = LogTap(stream=GoneReader())
    for seq, state in enumerate(("TRADING", "REDUCING", "HALTED"), 1):
        tap(Envelope(seq, seq, 0, at(seq), "someone", a_state(state)))
    assert tap.lost == 3


class Terminal(io.StringIO):
    """A terminal that keeps what it was shown."""

    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch) -> None:
    shown = {}
    for wish in ("", "1"):
        monkeypatch.setenv("NO_COLOR", wish)
        stream = Terminal()
        LogTap(stream=stream)(Envelope(1, 1, 0, at(0), "someone", a_state()))
        shown[wish] = stream.getvalue()
    assert "\x1b[" in shown[""]
    assert "\x1b[" not in shown["1"]
    assert "TRADING" in shown["1"]


def test_a_universe_is_told_by_its_symbols_and_a_start_without_its_fingerprint() -> None:
    universe, start = lines((0, a_universe_changed("BTC-EUR", "ETH-EUR")), (1, a_start(a_profile())))
    assert universe["symbols"] == ["BTC-EUR", "ETH-EUR"]
    assert "tick" not in json.dumps(universe)
    assert "fingerprint" not in start


def test_long_text_is_cut() -> None:
    assert len(printable("x" * 10_000)) < 500


def test_what_is_remembered_of_repeats_is_bounded() -> None:
    tap = LogTap(stream=io.StringIO())
    for seq in range(5_000):
        tap(Envelope(seq, seq, 0, at(0), "someone", OrderRejected(f"k1-{seq:06d}-00-0", "no")))
    assert len(tap._last) <= 512


def test_time_is_told_in_utc_without_the_machines_zone() -> None:
    assert utc(0) == "1970-01-01T00:00:00.000Z"
    assert utc(951_782_400 * SECOND_NS + 1_500_000) == "2000-02-29T00:00:00.001Z"
