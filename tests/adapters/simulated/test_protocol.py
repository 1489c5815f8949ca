from decimal import Decimal

import msgspec
import pytest

from adapters.simulated.protocol import (
    Cancel,
    CancelAll,
    Done,
    FillPage,
    Fills,
    Query,
    Snapshot,
    Stream,
    Submit,
    line,
    read_ask,
    read_say,
)
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    OpenOrder,
    OrderAccepted,
    OrderCancelled,
    OrderQuery,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)
from runtime.clock import FixedClock
from tests.kit.funding import a_payment
from tests.kit.venues import START_NS, a_venue_order

ORDER = a_venue_order(FixedClock(START_NS), "k1-000001-00-0")
FILL = Fill(
    client_id="a",
    symbol="ETH-EUR",
    trade_id="T1",
    side="buy",
    quantity=Decimal("0.0100"),
    price=Decimal("2999.90"),
    fee=Decimal("0.0059998000"),
    fee_asset="EUR",
    event_ns=START_NS,
)
RESTING = OpenOrder(
    client_id="a", symbol="ETH-EUR", side="buy", quantity=Decimal(2), filled=Decimal(1), limit=Decimal("9.50")
)
ASKS = [
    Submit(ORDER),
    Cancel(CancelOrder("a", "ETH-EUR", 1, "why")),
    CancelAll(),
    Query(OrderQuery("a", "ETH-EUR", 1)),
    Snapshot(),
    Fills(7),
    Stream(),
]
SAYS = [
    OrderAccepted("a", "V1"),
    OrderRejected("a", "no"),
    OrderUnknown("a", "?"),
    OrderCancelled("a", Decimal("0.10")),
    CancelRejected("a", "gone"),
    OrderReport(client_id="a", state="open", filled=Decimal(0), asked_ns=1, authoritative=True),
    VenueSnapshot(asked_ns=1, balances={"EUR": Decimal("1.50")}, positions={}, open_orders=(RESTING,)),
    FILL,
    a_payment(),
]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: type(ask).__name__)
def test_an_ask_is_one_line_and_reads_back(ask):
    data = line(ask)
    assert data.count(b"\n") == 1
    assert read_ask(data) == ask


@pytest.mark.parametrize("said", SAYS, ids=lambda said: type(said).__name__)
def test_what_a_venue_says_is_one_line_and_reads_back_exactly(said):
    data = line(said)
    assert data.count(b"\n") == 1
    assert line(read_say(data)) == data
    assert getattr(read_say(data), "value", None) == said


def test_pages_and_acknowledgements_read_back():
    assert read_say(line(FillPage((FILL,), 3))) == FillPage((FILL,), 3)
    assert read_say(line(FillPage((FILL,), 3, (a_payment(),)))) == FillPage((FILL,), 3, (a_payment(),))
    assert read_say(line(Done())) == Done()


@pytest.mark.parametrize("data", [b"", b"{}", b'{"ask":"sell everything"}', b'{"ask":"fills"}', b"\xff"])
def test_what_is_no_ask_is_refused(data):
    with pytest.raises(msgspec.MsgspecError):
        read_ask(data)
