"""One order steps along the table of legal steps, and what may still fill of it is never negative."""

from decimal import Decimal

import pytest

from actors.execution.orders import adopted, sending, unsent
from tests.kit.market import NOON_NS
from tests.kit.orders import an_open_order, an_order, fields_of


def test_a_closed_order_keeps_what_the_venue_filled_reserved_until_it_came():
    tracked = sending(an_order(), NOON_NS)
    tracked.close("CANCELLED", Decimal("0.4"), NOON_NS)
    assert (tracked.open, tracked.settled) == (Decimal("0.4"), False)
    assert tracked.query_ns > NOON_NS
    tracked.filled = Decimal("0.4")
    assert (tracked.open, tracked.settled) == (Decimal(0), True)


def test_an_adopted_order_is_exposure_without_a_decision():
    view = adopted(an_open_order(client_id="manual", filled=Decimal("0.3")), NOON_NS).view()
    assert fields_of(view, "state", "open", "filled", "decision") == ("OPEN", Decimal("0.7"), Decimal("0.3"), 0)


def test_an_intent_that_was_not_sent_has_nothing_open():
    assert fields_of(unsent(an_order(), "busy"), "state", "open", "reason") == ("NOT_SENT", Decimal(0), "busy")


@pytest.mark.parametrize(
    "broken",
    [
        {"filled": Decimal(-1)},
        {"ceiling": Decimal("0.5")},
        {"state": "UNKNOWN"},
        {"filled": Decimal("0.5")},
        {"filled": Decimal(1), "trades": ["t1"]},
    ],
)
def test_check_finds_fields_that_contradict_each_other(broken):
    tracked = sending(an_order(), NOON_NS)
    tracked.check()
    for name, value in broken.items():
        setattr(tracked, name, value)
    with pytest.raises(AssertionError):
        tracked.check()
