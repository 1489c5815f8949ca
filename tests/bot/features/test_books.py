"""Order-book tables of recorded feeds, held against figures measured apart from this code."""

from pathlib import Path

import pytest

from adapters.recorded.errors import MissingRecording
from bot.features.books import order_book_tables
from tests.kit.recordings import SPOT_2021, SPOT_BTC, SPOT_ETH, SPOT_TEXT_2021, USDM_BTC, recording


def test_a_recording_without_best_bids_and_offers_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no best bids and offers in it"):
        order_book_tables(recording(SPOT_TEXT_2021))


def test_every_instrument_of_a_recording_has_its_table() -> None:
    tables = order_book_tables(recording(SPOT_2021))

    assert len(tables) >= 2
    assert all(len(table.coefficients) == 9 for table in tables.values())
    assert not any(abs(each.rank) > 1.0 for table in tables.values() for each in table.coefficients)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MissingRecording):
        order_book_tables(tmp_path / "nothing.gz")


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("name", "symbol", "explained"),
    [(USDM_BTC, "BTCUSDT", 0.52), (SPOT_BTC, "BTCUSDT", 0.39), (SPOT_ETH, "ETHUSDT", 0.83)],
)
def test_recorded_books_explain_and_foretell_their_mids(name: str, symbol: str, explained: float) -> None:
    """The R2 of ten seconds is reproduced to a hundredth; the foresight of imbalance and microprice is certain."""
    table = order_book_tables(recording(name))[symbol]

    assert table.flow_r2 == pytest.approx(explained, abs=0.01)
    assert table.flow_impact_bps > 0
    for each in table.coefficients:
        if each.horizon_s == 1.0:
            assert each.rank > 4 * each.rank_se
    ic = {each.signal: each.rank for each in table.coefficients if each.horizon_s == 1.0}
    assert ic["imbalance"] > 0.3
    assert ic["microprice"] > 0.3
    assert ic["ofi_1s"] > 0.15
