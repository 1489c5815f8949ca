"""Where the recordings of real markets are, and how a test says that they are not there."""

from pathlib import Path

import pytest

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"
EXPECTED = RECORDINGS / "EXPECTED.json"

COINBASE = "coinbase_advanced/COINBASE.jsonl.zst"
SPOT_BTC = "binance_hft/spot_btcusdt_20240808.gz"
SPOT_ETH = "binance_hft/spot_ethusdt_20240808.gz"
USDM_BTC = "binance_hft/usdm_btcusdt_20240808.gz"
SPOT_2021 = "binance/cf_BINANCE.jsonl.zst"
USDM_2021 = "binance/cf_BINANCE_FUTURES.jsonl.zst"
SPOT_TEXT_2021 = "binance/cf_BINANCE-ee25be_20210404.txt.gz"
BYBIT = "bybit/BYBIT.jsonl.zst"
KRAKEN = "kraken_v1/KRAKEN-4b7396.0.txt.gz"


def recording(name: str) -> Path:
    """The path of a recording; skips the test where it is absent."""
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not at {RECORDINGS}")
    return path
