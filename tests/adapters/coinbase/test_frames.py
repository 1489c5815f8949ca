"""Coinbase Advanced Trade frames, as literal bytes, become market rows."""

import json

import pytest

from adapters.coinbase.frames import CoinbaseParser
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.wire import MalformedFrame, Sequence
from tests.kit.feeds import coinbase_universe, raw

TICKER = (
    b'{"channel":"ticker","timestamp":"2026-08-09T21:05:48.229198328Z","sequence_num":6,"events":[{"type":"snapshot",'
    b'"tickers":[{"type":"ticker","product_id":"BTC-USD","price":"65086.18","volume_24_h":"2867.54532609",'
    b'"low_24_h":"64675.22","high_24_h":"65252.99","low_52_w":"57717.55","high_52_w":"126296",'
    b'"price_percent_chg_24_h":"0.09601107287722","best_bid":"65083.66","best_ask":"65083.67",'
    b'"best_bid_quantity":"0.20371215","best_ask_quantity":"0.24290402"}]}]}'
)
LEVELS = (
    b'{"channel":"l2_data","timestamp":"2026-08-09T21:05:48.5066593Z","sequence_num":15,"events":[{"type":"update",'
    b'"product_id":"BTC-USD","updates":[{"side":"offer","event_time":"2026-08-09T21:05:48.264069Z",'
    b'"price_level":"65106.54","new_quantity":"0.15361938"},{"side":"bid","event_time":"2026-08-09T21:05:48.264069Z",'
    b'"price_level":"65061.9","new_quantity":"0"},{"side":"offer","event_time":"2026-08-09T21:05:48.264069Z",'
    b'"price_level":"65155.5","new_quantity":"0.00000011"}]}]}'
)
TRADES = (
    b'{"channel":"market_trades","timestamp":"2026-08-09T21:05:49.25328358Z","sequence_num":50,"events":[{"type":'
    b'"update","trades":[{"product_id":"BTC-USD","trade_id":"1068572093","price":"65083.67","size":"0.5",'
    b'"time":"2026-08-09T21:05:49.205817Z","side":"SELL"},{"product_id":"BTC-USD","trade_id":"1068572092",'
    b'"price":"65083.66","size":"0.00171442","time":"2026-08-09T21:05:49.2Z","side":"BUY"}]}]}'
)
HEARTBEAT = (
    b'{"channel":"heartbeats","timestamp":"2026-08-09T21:05:48.856364007Z","sequence_num":35,"events":[{"current_time":'
    b'"2026-08-09 21:05:48.854840045 +0000 UTC m=+41691.260485341","heartbeat_counter":41691}]}'
)
SECOND = 1_786_309_548_000_000_000


def parse(data, **frame):
    return CoinbaseParser(coinbase_universe()).parse(raw(data, **frame))


def test_a_ticker_is_the_best_bid_and_offer_with_sizes():
    said = parse(TICKER, number=9, epoch=3)

    assert said.kind == "ticker"
    assert said.sequence == Sequence("*", "consecutive", 0, 6)
    assert said.rows == (Tick("BTC-USD", 6508366, 6508367, 20371215, 24290402, SECOND + 229198328, 3, 9),)


def test_levels_are_changes_of_the_book_side_by_side_in_the_order_of_the_wire():
    (row,) = parse(LEVELS).rows

    assert isinstance(row, BookDelta)
    assert (row.symbol, row.last_id, row.event_ns) == ("BTC-USD", 15, SECOND + 506659300)
    assert row.bid_ticks.values.tolist() == [6506190]
    assert row.bid_lots.values.tolist() == [0]
    assert row.ask_ticks.values.tolist() == [6510654, 6515550]
    assert row.ask_lots.values.tolist() == [15361938, 11]


def test_a_snapshot_is_the_whole_book():
    (row,) = parse(LEVELS.replace(b'"type":"update"', b'"type":"snapshot"')).rows
    assert isinstance(row, BookSnapshot)


def test_the_aggressor_is_the_opposite_of_the_makers_side_and_trades_come_oldest_first():
    said = parse(TRADES)

    assert said.rows == (
        Trade("BTC-USD", 6508366, 171442, "sell", 1068572092, SECOND + 1_200_000_000, 1, 0),
        Trade("BTC-USD", 6508367, 50000000, "buy", 1068572093, SECOND + 1_205_817_000, 1, 0),
    )


def test_trades_of_a_snapshot_are_history_counted_but_not_said():
    said = parse(TRADES.replace(b'"update"', b'"snapshot"'))
    assert (said.kind, said.rows, said.sequence.last) == ("market_trades:history", (), 50)


def test_frames_without_rows_are_counted_by_their_channel_and_keep_their_place():
    said = parse(HEARTBEAT)
    assert (said.kind, said.rows, said.sequence) == ("heartbeats", (), Sequence("*", "consecutive", 0, 35))


def test_an_unknown_channel_is_ignored_by_kind():
    said = parse(b'{"channel":"futures_balance_summary","timestamp":"x","sequence_num":7,"events":[]}')
    assert (said.kind, said.rows, said.sequence.last) == ("futures_balance_summary", (), 7)


def test_products_outside_the_universe_are_left_out_and_counted_apart():
    said = parse(TICKER.replace(b"BTC-USD", b"DOGE-USD"))
    assert (said.kind, said.rows) == ("ticker:unlisted", ())


def test_a_new_field_changes_nothing():
    read = json.loads(TICKER)
    read["events"][0]["tickers"][0]["client_id"] = ""
    read["new"] = [1, {"a": None}]
    assert parse(json.dumps(read)).rows == parse(TICKER).rows


def test_white_space_and_another_order_change_nothing():
    read = json.loads(LEVELS)
    assert parse(json.dumps(dict(reversed(read.items())), indent=1)).rows == parse(LEVELS).rows


def test_an_empty_side_of_a_ticker_has_no_ticks():
    data = TICKER.replace(b'"65083.66"', b'"0"').replace(b'"0.20371215"', b'"0"')
    (row,) = parse(data).rows
    assert (row.bid, row.bid_lots, row.ask) == (0, 0, 6508367)


BAD = {
    "nothing": (b"", "no JSON"),
    "half a frame": (TICKER[:200], "no JSON"),
    "a list": (b"[1,2]", "object"),
    "a price off the grid": (LEVELS.replace(b"65106.54", b"65106.545"), "off its grid"),
    "a negative price": (LEVELS.replace(b"65106.54", b"-65106.54"), "BTC-USD: price"),
    "a zero price": (LEVELS.replace(b"65106.54", b"0.00"), "price was 0"),
    "NaN": (LEVELS.replace(b"65106.54", b"NaN"), "BTC-USD: price"),
    "an exponent": (LEVELS.replace(b"65106.54", b"1e5"), "BTC-USD: price"),
    "forty digits": (LEVELS.replace(b"65106.54", b"9" * 40), "BTC-USD: price"),
    "a broken quantity": (LEVELS.replace(b"0.15361938", b"0.-10000"), "BTC-USD: quantity"),
    "a zero trade": (TRADES.replace(b'"0.5"', b'"0"'), "quantity was '0'"),
    "a trade of the first year": (TRADES.replace(b"2026-08-09T21:05:49.2Z", b"0001-01-01T00:00:00Z"), "1970"),
    "no time": (TICKER.replace(b"2026-08-09T21:05:48.229198328Z", b"yesterday"), "time was"),
    "a bare JSON NaN": (HEARTBEAT.replace(b"41691}", b"NaN}"), "NaN"),
    "a missing field": (TICKER.replace(b'"best_ask":"65083.67",', b""), "best_ask"),
    "no sequence": (TICKER.replace(b'"sequence_num":6,', b""), "sequence_num"),
    "a negative sequence": (TICKER.replace(b'"sequence_num":6,', b'"sequence_num":-6,'), "sequence_num"),
    "a huge sequence": (TICKER.replace(b'"sequence_num":6,', b'"sequence_num":%d,' % 10**30), "sequence_num"),
    "an unknown side": (LEVELS.replace(b'"offer"', b'"middle"'), "l2_data"),
    "a key twice": (TICKER.replace(b'"best_bid":', b'"best_bid":"65083.00","best_bid":'), "'best_bid' comes twice"),
    "a key twice, hidden": (
        TICKER.replace(b'"best_bid":"65083.66"', rb'"best_bid":"1.00","best\u005fbid":"65083.66"'),
        "'best_bid' comes twice",
    ),
    "a key twice in the place of another": (TICKER.replace(b'"low_52_w":', b'"best_bid":'), "'best_bid' comes twice"),
    "invalid UTF-8": (TICKER.replace(b"126296", b"12\xff96"), "UTF-8"),
    "no depth to its depth": (b'{"channel":' + b"[" * 100_000, "deep"),
    "a deep unknown field": (TICKER[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
    "no channel": (b'{"sequence_num":1}', "channel"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_frame_that_is_wrong_is_malformed_and_says_why(name):
    data, why = BAD[name]
    with pytest.raises(MalformedFrame, match=why):
        parse(data)


def test_an_event_time_with_up_to_nine_digits_is_exact():
    for digits, nanos in ((b"", 0), (b".5", 500_000_000), (b".123456", 123_456_000), (b".123456789", 123_456_789)):
        (row,) = parse(TICKER.replace(b"48.229198328Z", b"48" + digits + b"Z")).rows
        assert row.event_ns == SECOND + nanos
