from decimal import Decimal

import pytest

from adapters.simulated.admission import Admission
from adapters.simulated.ledger import Opened
from adapters.simulated.prices import MarketPrices, QuoteBoard
from adapters.simulated.records import Records
from contracts.quantities import SECOND_NS
from runtime.clock import FixedClock
from tests.kit.venues import MARKET, START_NS, a_venue_order, broker_settings

ORDER = a_venue_order(FixedClock(START_NS), "k1-000001-00-0")


def an_admission(prices=None, **changed):
    records = Records()
    records.apply(Opened(at_ns=0, balances={"EUR": Decimal(500)}))
    instruments = {each.symbol: each for each in MARKET.universe.instruments}
    return Admission(broker_settings(**changed), instruments, prices or MarketPrices(MARKET), records)


@pytest.mark.parametrize(("late_s", "refused"), [(0, False), (5, False), (5.1, True), (60, True)])
def test_an_order_is_taken_within_the_receive_window_only(late_s, refused):
    found = an_admission().refusals(ORDER, START_NS, START_NS + round(late_s * SECOND_NS))
    assert bool(found) == refused


def test_what_was_never_quoted_has_no_market():
    assert an_admission(QuoteBoard()).refusals(ORDER, START_NS, START_NS) == [
        "symbol ETH-EUR is not listed or has no market yet"
    ]


def test_an_order_within_the_rules_is_not_refused():
    assert an_admission().refusals(ORDER, START_NS, START_NS) == []
