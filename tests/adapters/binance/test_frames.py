"""Binance frames of spot and of USD-M futures, as literal bytes, become market rows."""

import json

import pytest

from adapters.binance.frames import BinanceParser
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.wire import MalformedFrame, Sequence
from tests.kit.feeds import START_NS, binance_universe, raw

DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,'
    b'"u":50093239202,"b":[["61737.63000000","0.00000000"],["61730.17000000","1.50000000"]],'
    b'"a":[["61837.64000000","1.54698000"]]}}'
)
BEST = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000",'
    b'"a":"61837.64000000","A":"1.54698000"}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,'
    b'"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}'
)
AGGREGATE = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1617566591315,"s":"BTCUSDT","a":665076760,'
    b'"p":"58001.03000000","q":"0.08620000","f":745522877,"l":745522877,"T":1617566591314,"m":false,"M":true}}'
)
USDM_DEPTH = (
    b'{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT",'
    b'"U":5123107832006,"u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"]],"a":[]}}'
)
USDM_BEST = (
    b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20",'
    b'"B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}}'
)
USDM_TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT",'
    b'"t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}'
)
SNAPSHOT = b'{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.6"]]}'
MILLI = 1_000_000


def spot(data, *symbols, **frame):
    return BinanceParser(binance_universe(*symbols), "spot").parse(raw(data, **frame))


def usdm(data):
    return BinanceParser(binance_universe(tick="0.10", lot="0.001"), "usdm").parse(raw(data))


def bare(data):
    return json.dumps(json.loads(data)["data"])


def test_a_spot_depth_update_is_a_change_of_the_book_in_a_chain():
    said = spot(DEPTH, number=4, epoch=2)
    (row,) = said.rows

    assert said.kind == "depth@100ms"
    assert said.sequence == Sequence("BTCUSDT@depth", "chain", 50093239189, 50093239202)
    assert isinstance(row, BookDelta)
    assert (row.last_id, row.event_ns, row.epoch, row.frame) == (50093239202, 1723161255208 * MILLI, 2, 4)
    assert (row.bid_ticks.values.tolist(), row.bid_lots.values.tolist()) == ([6173763, 6173017], [0, 150000])
    assert (row.ask_ticks.values.tolist(), row.ask_lots.values.tolist()) == ([6183764], [154698])


def test_a_futures_depth_update_names_the_one_before():
    said = usdm(USDM_DEPTH)
    assert said.sequence == Sequence("BTCUSDT@depth", "chain", 5123107832006, 5123107837557, 5123107831937)
    assert said.rows[0].bid_ticks.values.tolist() == [587102]


def test_a_best_bid_and_offer_is_a_tick_whose_order_alone_matters():
    said = spot(BEST)
    assert said.sequence == Sequence("BTCUSDT@bookTicker", "chain", 0, 50093239212)
    assert said.rows == (Tick("BTCUSDT", 6183763, 6183764, 378826, 154698, START_NS, 1, 0),)


def test_the_time_of_receipt_stands_in_where_spot_says_no_time():
    assert spot(BEST, at_s=1.5).rows[0].event_ns == START_NS + 1_500_000_000
    assert usdm(USDM_BEST).rows[0].event_ns == 1723161256313 * MILLI


def test_a_trade_whose_buyer_was_the_maker_was_sold_into():
    said = spot(TRADE)
    assert said.sequence == Sequence("BTCUSDT@trade", "consecutive", 3735683259, 3735683259)
    assert said.rows == (Trade("BTCUSDT", 6183763, 2000, "sell", 3735683259, 1723161255342 * MILLI, 1, 0),)
    assert usdm(USDM_TRADE).rows[0].aggressor == "buy"


def test_an_aggregate_trade_counts_its_own_ids():
    said = spot(AGGREGATE)
    assert said.sequence == Sequence("BTCUSDT@aggTrade", "consecutive", 665076760, 665076760)
    assert said.rows == (Trade("BTCUSDT", 5800103, 8620, "buy", 665076760, 1617566591314 * MILLI, 1, 0),)


def test_a_transfer_of_the_insurance_fund_is_no_market_trade_but_keeps_its_place():
    said = usdm(USDM_TRADE.replace(b"MARKET", b"INSURANCE_FUND").replace(b"61800.30", b"0"))
    assert (said.kind, said.rows, said.sequence.last) == ("trade:INSURANCE_FUND", (), 5266583935)


def test_a_rest_snapshot_starts_the_chain_again_wrapped_or_bare():
    wrapped = spot(b'{"stream":"btcusdt@depthSnapshot","data":%b}' % SNAPSHOT)
    alone = spot(SNAPSHOT)

    assert wrapped.sequence == alone.sequence == Sequence("BTCUSDT@depth", "snapshot", 50093239218, 50093239218)
    assert wrapped.rows == alone.rows
    assert isinstance(alone.rows[0], BookSnapshot)
    assert alone.rows[0].ask_lots.values.tolist() == [160000]


def test_a_bare_snapshot_in_a_universe_of_two_belongs_to_nobody():
    said = spot(SNAPSHOT, "BTCUSDT", "ETHUSDT")
    assert (said.kind, said.rows) == ("depthSnapshot:unlisted", ())


@pytest.mark.parametrize("data", [DEPTH, BEST, TRADE, AGGREGATE])
def test_the_bare_event_says_the_same_as_the_combined_stream(data):
    assert spot(bare(data)).rows == spot(data).rows
    assert spot(bare(data)).sequence == spot(data).sequence


@pytest.mark.parametrize("data", [DEPTH, BEST, TRADE])
def test_a_new_field_changes_nothing(data):
    read = json.loads(data)
    read["data"]["news"] = {"x": [1]}
    assert spot(json.dumps(read)).rows == spot(data).rows


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{"c":"1"}}}', "kline_1m"),
        (b'{"e":"24hrTicker","E":1,"s":"BTCUSDT","p":"1"}', "24hrTicker"),
        (b'{"result":null,"id":1}', "result"),
        (b'{"error":{"code":2}}', "error"),
        (b'{"e":"serverShutdown","E":1}', "serverShutdown"),
        (b"{}", "unknown"),
        (DEPTH.replace(b"BTCUSDT", b"XRPUSDT").replace(b"btcusdt", b"xrpusdt"), "depth@100ms:unlisted"),
    ],
)
def test_frames_without_rows_for_us_are_counted_by_kind(data, kind):
    said = spot(data)
    assert (said.kind, said.rows) == (kind, ())


BAD = {
    "half a frame": (DEPTH[:80], "no JSON"),
    "a price off the grid": (DEPTH.replace(b"61730.17000000", b"61730.17500000"), "off its grid"),
    "a zero price": (DEPTH.replace(b"61730.17000000", b"0.00000000"), "price was 0"),
    "a negative quantity": (DEPTH.replace(b"1.50000000", b"-1.50000000"), "BTCUSDT: quantity"),
    "a number instead of a text": (DEPTH.replace(b'"1.50000000"', b"1.5"), "depth"),
    "a level of three": (DEPTH.replace(b'"1.50000000"', b'"1.50000000","x"'), "depth"),
    "an update that ends before it begins": (DEPTH.replace(b"50093239202", b"50093239188"), "U was"),
    "a futures update in a spot feed": (USDM_DEPTH, "pu was"),
    "a missing field": (TRADE.replace(b'"p":"61837.63000000",', b""), "trade"),
    "a key twice": (BEST.replace(b'"b":', b'"b":"1.00000000","b":'), "'b' comes twice"),
    "a key twice in the place of another": (TRADE.replace(b'"M":true', b'"m":true'), "'m' comes twice"),
    "a negative number": (TRADE.replace(b'"t":3735683259', b'"t":-1'), "trade"),
    "a number beyond all": (TRADE.replace(b'"t":3735683259', b'"t":%d' % 10**40), "trade"),
    "a time beyond all": (TRADE.replace(b'"T":1723161255342', b'"T":9999999999999999'), "trade"),
    "an empty quote with a size": (BEST.replace(b"61837.63000000", b"0.00000000"), "price was"),
    "invalid UTF-8": (BEST.replace(b"BTCUSDT", b"BTC\xffSDT"), "UTF-8"),
    "bottomless": (b'{"stream":' * 100_000, "deep"),
    "an event that is none": (b'{"stream":"btcusdt@depth","data":{"a":1}}', "depth"),
    "data that is no object": (b'{"stream":"btcusdt@depth","data":[1]}', "object"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_frame_that_is_wrong_is_malformed_and_says_why(name):
    data, why = BAD[name]
    with pytest.raises(MalformedFrame, match=why):
        spot(data)


MARK = (
    b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT",'
    b'"p":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000}}'
)
FORCED = (
    b'{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL",'
    b'"o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"9910","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}}'
)


@pytest.mark.parametrize("form", [bytes, bare])
def test_futures_say_mark_index_and_the_funding_that_is_predicted(form):
    said = usdm(form(MARK) if form is bytes else form(MARK).encode())
    (row,) = said.rows

    assert said.sequence is None
    assert (row.symbol, row.mark, row.index, row.funding) == ("BTCUSDT", 11794.15, 11784.62659091, 0.00038167)
    assert (row.next_funding_ns, row.event_ns) == (1562306400000 * MILLI, 1562305380000 * MILLI)
    assert (row.settled, row.open_interest, row.liquidated) == (None, None, None)


def test_a_contract_with_a_date_has_no_funding():
    (row,) = usdm(MARK.replace(b'"0.00038167"', b'""').replace(b"1562306400000}", b"0}")).rows
    assert (row.mark, row.funding, row.next_funding_ns) == (11794.15, None, None)


@pytest.mark.parametrize(("side", "quantity"), [(b"SELL", -0.014), (b"BUY", 0.014)])
def test_a_liquidation_has_the_sign_of_the_forced_order(side, quantity):
    said = usdm(FORCED.replace(b"SELL", side))
    assert (said.kind, said.rows[0].liquidated, said.rows[0].funding) == ("forceOrder", quantity, None)


@pytest.mark.parametrize("number", [b"nan", b"1e5", b"", b"inf", b"1."])
def test_a_mark_that_is_no_number_is_malformed(number):
    with pytest.raises(MalformedFrame, match="p was"):
        usdm(MARK.replace(b"11794.15000000", number))
