import numpy as np
import pytest

from bot.evaluation.order_books import clipped, order_book_report
from tests.kit.recordings import SPOT_BTC, SPOT_ETH, USDM_BTC, recording


def test_one_torn_book_does_not_decide() -> None:
    figure = np.append(np.linspace(-1.0, 1.0, 999), 1e6)

    assert clipped(figure).max() < 1.01
    assert np.array_equal(clipped(figure)[10:-10], figure[10:-10])


@pytest.mark.numbers
def test_books_foretell_the_next_second_on_every_recording() -> None:
    report = order_book_report([recording(name) for name in (SPOT_BTC, SPOT_ETH, USDM_BTC)])

    assert report.missed == ()
    assert len(report.tables[0].rows) == 3
