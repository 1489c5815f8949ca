"""C20 judges a fill by the last mark and by what it costs."""

from decimal import Decimal

import pytest

from actors.risk.fills import insane, is_strange
from actors.valuation import Prices
from tests.kit.market import a_universe
from tests.kit.orders import an_execution, marks_of


def judged(execution, *, marks=True):
    prices = Prices()
    prices.turn_to(a_universe())
    if marks:
        prices.hear(marks_of(100.0, 100.0))
    return insane(execution, prices, band_ratio_max=0.05, fee_ratio_max=0.02)


@pytest.mark.parametrize(("price", "complaints"), [("105", 0), ("105.01", 1), ("95", 0), ("94.99", 1)])
def test_the_band_around_the_mark_holds_on_both_sides(price, complaints):
    assert len(judged(an_execution(price=Decimal(price)))) == complaints


def test_without_a_mark_the_price_has_no_reference_and_the_fee_is_still_judged():
    assert judged(an_execution(price=Decimal(500)), marks=False) == []
    assert len(judged(an_execution(fee=Decimal(3)), marks=False)) == 1


def test_every_complaint_is_listed():
    assert len(judged(an_execution(price=Decimal(200), fee=Decimal(50)))) == 2


@pytest.mark.parametrize(
    ("client_id", "external", "strange"),
    [
        ("k1-000001-00-0", False, False),
        ("k2-000009-01-0", True, False),
        ("k3-000001-00-0", True, True),
        ("k4-000001-00-0", True, True),
        ("manual", True, True),
    ],
)
def test_what_an_earlier_run_of_the_account_left_open_is_no_strangers(client_id, external, strange):
    assert is_strange(an_execution(client_id=client_id, external=external), 3) is strange
