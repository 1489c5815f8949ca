"""Executions teach: by symbol, by taking or resting, by spread; and only what belongs to the order in flight."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.fill_experience import UNSEEN, FillExperience
from contracts import codec
from contracts.trade import Execution, OrderState
from quant.bandit import Odds
from tests.kit.market import a_mark_frame

COLUMNS = {"BTC-EUR": 0, "ETH-EUR": 1}
MARKS = a_mark_frame(spread_bps=2.0)
"""Around 100.00: 99.99 to 100.01."""


def an_order(state="SENDING", *, side="buy", limit="100.05", filled="0", client_id="k1") -> OrderState:
    return OrderState(
        client_id=client_id, symbol="BTC-EUR", side=side, state=state, quantity=Decimal(2), filled=Decimal(filled),
        open=Decimal(0), limit=Decimal(limit), decision=1, leg=0, reason="",
    )  # fmt: skip


def a_fill(price: str, *, side="buy", client_id="k1") -> Execution:
    return Execution(
        client_id=client_id, symbol="BTC-EUR", trade_id="t", side=side, quantity=Decimal(2), price=Decimal(price),
        fee=Decimal(0), fee_asset="EUR", late=False, external=False, fill_seq=1,
    )  # fmt: skip


def after(*heard) -> FillExperience:
    experience = FillExperience()
    for each in heard:
        if isinstance(each, Execution):
            experience.on_execution(each)
        else:
            experience.on_order(each, MARKS, COLUMNS)
    return experience


def test_an_order_that_took_the_touch_and_filled_is_known_at_that_spread():
    experience = after(an_order(), a_fill("100.03"), an_order("FILLED", filled="2"))
    odds = experience.of("BTC-EUR", 2.0)
    assert odds.filled == UNSEEN.filled + 1.0
    assert odds.mean_bps == pytest.approx((100.03 / 100.01 - 1) * 1e4 / 11)
    assert experience.of("BTC-EUR", 50.0) == experience.of("ETH-EUR", 2.0) == Odds()


def test_a_part_that_was_filled_counts_as_a_part():
    odds = after(an_order(), an_order("CANCELLED", filled="0.5")).of("BTC-EUR", 2.0)
    assert (odds.filled, odds.missed) == (UNSEEN.filled + 0.25, UNSEEN.missed + 0.75)


def test_a_sale_below_the_bid_cost_something():
    odds = after(an_order(side="sell", limit="99.9"), a_fill("99.97", side="sell")).of("BTC-EUR", 2.0)
    assert odds.mean_bps == pytest.approx((1 - 99.97 / 99.99) * 1e4 / 11)


def test_an_order_that_rests_is_of_another_kind():
    experience = after(an_order(limit="99.5"), an_order("CANCELLED"))
    assert list(experience.odds) == ["BTC-EUR rest 2"]
    assert experience.of("BTC-EUR", 2.0) == Odds()


@pytest.mark.parametrize("end", ["REJECTED", "NOT_SENT", "UNKNOWN"])
def test_what_never_reached_the_book_says_nothing_of_fills(end):
    assert after(an_order(), an_order(end)).odds == {}


def test_a_closed_order_teaches_once_and_a_stranger_never():
    experience = after(an_order(), an_order("CANCELLED"), an_order("CANCELLED"), a_fill("100.03", client_id="k0"))
    assert experience.of("BTC-EUR", 2.0).missed == UNSEEN.missed + 1.0
    assert experience.of("BTC-EUR", 2.0).weight == UNSEEN.weight


def test_without_a_valid_mark_nothing_is_learned():
    experience = FillExperience()
    for marks in (None, a_mark_frame(mid=(float("nan"), 100.0))):
        experience.on_order(an_order(), marks, COLUMNS)
        experience.on_order(an_order("FILLED", filled="2"), marks, COLUMNS)
    experience.on_order(replace(an_order(), symbol="ADA-EUR"), MARKS, COLUMNS)
    assert experience.odds == experience.sent == {}


def test_it_goes_into_a_snapshot_and_back():
    experience = after(an_order(), a_fill("100.03"), an_order("FILLED", filled="2"))
    assert codec.decode_state(FillExperience, codec.encode(experience)) == experience
