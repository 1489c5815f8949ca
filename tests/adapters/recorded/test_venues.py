"""Whose frames a recording holds is told from addresses and from the frames themselves."""

import pytest

from adapters.recorded.venues import COINBASE, SPOT, USDM, by_address, by_frame


@pytest.mark.parametrize(
    ("url", "venue"),
    [
        ("wss://advanced-trade-ws.coinbase.com", COINBASE),
        ("https://api.coinbase.com/api/v3/brokerage/market/products", COINBASE),
        ("wss://ws-feed.exchange.coinbase.com", "Coinbase Exchange"),
        ("wss://stream.binance.com:9443/stream?streams=a@depth", SPOT),
        ("https://fapi.binance.com/fapi/v1/depth?symbol=A", USDM),
        ("wss://dstream.binance.com/stream", "Binance COIN-M"),
        ("wss://ws.kraken.com", "Kraken"),
        ("wss://notbinance.com", None),
        ("", None),
    ],
)
def test_an_address_names_its_venue(url, venue):
    assert by_address(url) == venue


@pytest.mark.parametrize(
    ("frame", "venue"),
    [
        (b'{"channel":"l2_data","timestamp":"x","sequence_num":0}', COINBASE),
        (b'{"stream":"a@depth","data":{"e":"depthUpdate","U":1,"u":2,"b":[],"a":[]}}', SPOT),
        (b'{"stream":"a@bookTicker","data":{"u":1,"s":"A"}}', SPOT),
        (b'{"stream":"a@depth","data":{"e":"depthUpdate","U":1,"u":2,"pu":0,"b":[],"a":[]}}', USDM),
        (b'{"stream":"a@bookTicker","data":{"e":"bookTicker","u":1}}', USDM),
        (b'{"stream":"a@depth","data":{"e":"depthUpdate","s":"A","ps":"B","pu":0}}', "Binance COIN-M"),
        (b'{"topic":"orderbook.200.BTCUSDT","data":{}}', "Bybit"),
        (b'{"connectionID":1,"event":"systemStatus"}', "Kraken"),
        (b"[2500,{},1]", "Kraken or Bitfinex"),
        (b'{"channel":"book","type":"update","data":[]}', "Kraken"),
        (b"garbage", None),
        (b"", None),
    ],
)
def test_a_frame_shows_its_venue(frame, venue):
    assert by_frame(frame) == venue
