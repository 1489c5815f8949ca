"""Records as rows: prices instead of ticks, one row for each instrument, and nothing lost that fits nowhere."""

import json
import math
from decimal import Decimal

import msgspec
import pytest

from adapters.journal.record import DIGEST, OUTSIDE, Record
from adapters.postgres.rows import Rows
from adapters.postgres.tables import BY_NAME
from contracts import codec
from contracts.belief import SignalFrame
from contracts.column import floats
from contracts.market import UniverseChanged
from contracts.trade import OrderRejected
from tests.kit.every_message import a_message, every_message
from tests.kit.market import NOON_NS, a_bar_frame, a_mark_frame, a_tick, a_trade, a_universe_changed


def a_record(payload, *, seq: int = 7, flags: int = OUTSIDE, version: int = 1, kind: str = "") -> Record:
    data = payload if isinstance(payload, bytes) else codec.encode(payload)
    return Record(seq, 3, 2, NOON_NS, "feed", kind or type(payload).__name__, version, flags, data)


def rows_of(*payloads, careful: bool = False, raw="none", universe=True):
    """The rows of messages by table, each as a mapping."""
    rows = Rows("canary/one", raw, careful=careful)
    for payload in (a_universe_changed(), *payloads) if universe else payloads:
        rows.add(payload if isinstance(payload, Record) else a_record(payload))
    taken = rows.take()
    if universe and raw != "none":
        taken["messages"] = taken["messages"][1:]
    named = {name: [dict(zip(BY_NAME[name].names, row, strict=True)) for row in found] for name, found in taken.items()}
    return named, rows


def test_a_tick_is_told_in_prices_and_quantities() -> None:
    (row,) = rows_of(a_tick(bid=9_999, ask=0, bid_lots=10))[0]["ticks"]
    assert (row["run"], row["seq"], row["symbol"]) == ("canary/one", 7, "BTC-EUR")
    assert math.isclose(row["bid"], 99.99) and row["ask"] is None and math.isclose(row["bid_size"], 0.01)
    assert row["at"] == row["event_at"]


def test_a_trade_is_told_in_prices() -> None:
    (row,) = rows_of(a_trade(symbol="ETH-EUR", price=12_345, lots=2))[0]["trades"]
    assert (row["symbol"], row["aggressor"]) == ("ETH-EUR", "buy")
    assert math.isclose(row["price"], 123.45) and math.isclose(row["size"], 0.002)


def test_a_frame_is_a_row_for_each_instrument_that_has_something() -> None:
    named, _ = rows_of(a_mark_frame(mid=[100.0, math.nan]), a_bar_frame(close=(math.nan, 5.0)))
    assert [row["symbol"] for row in named["marks"]] == ["BTC-EUR"]
    assert [(row["symbol"], row["close"]) for row in named["bars"]] == [("ETH-EUR", 5.0)]


def test_a_signal_without_a_belief_is_no_row() -> None:
    frame = a_message(SignalFrame, agent="ofi", mu=floats([math.nan, 0.5]), score=floats([1.0, math.nan]))
    (row,) = rows_of(frame)[0]["signals"]
    assert (row["agent"], row["symbol"], row["mu"], row["score"]) == ("ofi", "ETH-EUR", 0.5, None)


def test_every_message_is_kept_whole_as_json() -> None:
    messages = [each for each in every_message() if not isinstance(each, UniverseChanged)]
    named, _ = rows_of(*messages, raw="all")
    kept = {row["type"]: json.loads(row["body"]) for row in named["messages"]}
    odd = {row["type"] for row in named.get("odd", ())}
    for message in messages:
        name = type(message).__name__
        assert name in odd or kept[name] == json.loads(codec.encode_json(message))
    assert odd == {"Tick", "Trade"}, "their symbols are of no universe here"


def test_few_leaves_out_what_is_bulky() -> None:
    named, _ = rows_of(a_tick(), a_mark_frame(), OrderRejected("k1", "no"), raw="few")
    assert [row["type"] for row in named["messages"]] == ["OrderRejected"]
    assert len(named["ticks"]) == 1


def test_of_a_digest_the_digest_is_kept() -> None:
    named, _ = rows_of(a_record(bytes(16), kind="FeatureFrame", flags=DIGEST), raw="all")
    (row,) = named["messages"]
    assert (row["type"], row["body"], row["digest"]) == ("FeatureFrame", None, bytes(16))


def test_a_universe_goes_on_in_another_process() -> None:
    _, first = rows_of()
    later = Rows("canary/one", "none", first.universe)
    later.add(a_record(a_tick()))
    assert len(later.take()["ticks"]) == 1


def test_rows_are_handed_over_once() -> None:
    _, rows = rows_of(a_tick())
    assert rows.take() == {}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (a_tick(symbol="XRP-EUR"), "KeyError: 'XRP-EUR'"),
        (a_mark_frame(mid=[1.0, 2.0, 3.0]), "argument 2 is longer"),
        (a_record(b"\x81\xa1a\x01", kind="Tick"), "missing required field"),
        (a_record(b"\x80", kind="Gossip"), "in no topic"),
    ],
)
def test_what_fits_in_no_table_is_kept_with_the_reason(payload, why) -> None:
    named, _ = rows_of(payload, raw="all")
    (row,) = named["odd"]
    assert why in row["why"] and row["payload"]
    assert named.get("messages", []) == []


def test_a_careful_look_finds_what_a_database_cannot_take() -> None:
    wide, long = a_tick(epoch=1 << 63), a_message(codec_type("Execution"), price=Decimal("1E+5000"))
    named, _ = rows_of(wide, long, a_tick(), careful=True)
    assert [row["type"] for row in named["odd"]] == ["Tick", "Execution"]
    assert "epoch was 9223372036854775808, expected a bigint" in named["odd"][0]["why"]
    assert len(named["ticks"]) == 1


def test_text_loses_its_nuls_and_that_is_counted() -> None:
    named, rows = rows_of(OrderRejected("k1", "a\0b"), raw="all", careful=True)
    assert json.loads(named["messages"][0]["body"])["reason"] == "a�b" and rows.cleaned == 1
    named, _ = rows_of(a_message(codec_type("OrderState"), reason="\0"), careful=True)
    assert named["order_states"][0]["reason"] == "�"
    named, rows = rows_of(OrderRejected("k1", "a\\u0000b"), raw="all")
    assert json.loads(named["messages"][0]["body"])["reason"] == "a\\u0000b"


def codec_type(name: str) -> type[msgspec.Struct]:
    from contracts.topics import BY_TYPE_NAME

    return BY_TYPE_NAME[name].payload
