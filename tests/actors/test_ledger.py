"""The ledger owns exactly what was opened with plus what was executed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.ledger import Ledger
from contracts.account import Equity, FundingBooked, Position
from contracts.market import FxMark
from contracts.trade import Reconciled
from tests.kit.funding import a_payment
from tests.kit.market import NOON_NS, a_beat, a_universe_changed, at
from tests.kit.orders import (
    Stage,
    a_snapshot,
    an_execution,
    an_order_state,
    fields_of,
    ledger_settings,
    marks_of,
    of,
    round_trips,
)

DAY_S = 86_400.0


def a_ledger(**changed):
    return Ledger(ledger_settings(**changed))


def an_open_stage(ledger=None, *symbols, **snapshot):
    stage = Stage(ledger or a_ledger())
    stage.admit(a_universe_changed(*symbols))
    stage.admit(a_snapshot(**snapshot))
    return stage


def test_the_first_snapshot_is_the_opening_and_agrees_by_definition():
    stage = Stage(a_ledger())
    said = stage.admit(a_snapshot(balances={"EUR": "500"}))
    assert said[0] == Reconciled(agreed=True, settled=True, mismatches=(), snapshot_seq=1)
    assert fields_of(said[1], "equity", "complete") == (Decimal(500), True)


def test_a_buy_takes_price_times_quantity_and_the_fee_from_cash():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, 50.0))
    said = stage.admit(an_execution(quantity=Decimal("0.5"), price=Decimal("100.10"), fee=Decimal("0.05")))
    position, equity = said
    assert position == Position(
        symbol="BTC-EUR",
        quantity=Decimal("0.5"),
        entry=Decimal("100.10"),
        realised=Decimal(0),
        fees=Decimal("0.05"),
        execution_seq=stage.envelopes[-3].seq,
    )
    assert fields_of(equity, "cash", "net", "equity") == (Decimal("449.90"), Decimal(50), Decimal("499.90"))


def test_a_fee_is_taken_in_its_own_asset():
    stage = an_open_stage()
    stage.admit(an_execution(fee=Decimal("0.001"), fee_asset="BTC"))
    ledger = stage.actors[0]
    assert ledger.state.cash == {"EUR": Decimal(400), "BTC": Decimal("-0.001")}
    assert ledger.state.books["BTC-EUR"].quantity == 1


amounts = st.decimals(min_value="0.001", max_value="9", places=3)
prices = st.decimals(min_value="0.01", max_value="99999", places=2)
executions = st.builds(
    lambda number, side, symbol, quantity, price, fee, asset: an_execution(
        trade_id=f"t{number}", side=side, symbol=symbol, quantity=quantity, price=price, fee=fee, fee_asset=asset
    ),
    st.integers(0, 9),
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["BTC-EUR", "ETH-EUR"]),
    amounts,
    prices,
    st.decimals(min_value="0", max_value="3", places=8),
    st.sampled_from(["EUR", "BTC", "BNB"]),
)


@given(st.lists(executions, max_size=30))
@settings(max_examples=150, deadline=None)
def test_i6_cash_and_positions_are_the_opening_plus_every_execution_exactly(booked):
    stage = an_open_stage(balances={"EUR": "500.00000001"}, ETH_EUR="-2.5")
    for execution in booked:
        stage.admit(execution)
    cash = {"EUR": Fraction("500.00000001")}
    held = {"ETH-EUR": Fraction("-2.5")}
    for each in booked:
        signed = Fraction(each.quantity) * (1 if each.side == "buy" else -1)
        held[each.symbol] = held.get(each.symbol, Fraction(0)) + signed
        cash["EUR"] -= signed * Fraction(each.price)
        cash[each.fee_asset] = cash.get(each.fee_asset, Fraction(0)) - Fraction(each.fee)
    state = stage.actors[0].state
    assert {asset: Fraction(amount) for asset, amount in state.cash.items()} == cash
    assert {symbol: Fraction(book.quantity) for symbol, book in state.books.items()} == held


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), amounts, prices), min_size=1, max_size=20), prices)
@settings(max_examples=100, deadline=None)
def test_what_was_realised_and_what_is_open_make_the_whole_result(trades, mark):
    stage = an_open_stage()
    for number, (side, quantity, price) in enumerate(trades):
        stage.admit(an_execution(trade_id=f"t{number}", side=side, quantity=quantity, price=price, fee=Decimal(0)))
    book = stage.actors[0].state.books["BTC-EUR"]
    whole = sum((mark - price) * quantity * (1 if side == "buy" else -1) for side, quantity, price in trades)
    assert abs(book.realised + book.quantity * (mark - book.entry) - whole) < Decimal("1e-15")


def test_funding_moves_cash_of_its_asset_and_equity_and_nothing_else():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, 50.0))
    stage.admit(an_execution(fee=Decimal(0)))
    booked, equity = stage.admit(a_payment(1, "0.25"), after_s=1)
    assert fields_of(booked, "symbol", "amount", "total") == ("BTC-EUR", Decimal("0.25"), Decimal("0.25"))
    assert fields_of(equity, "cash", "net", "equity") == (Decimal("399.75"), Decimal(100), Decimal("499.75"))
    booked, equity = stage.admit(a_payment(2, "-0.75"), after_s=1)
    assert fields_of(booked, "amount", "total") == (Decimal("-0.75"), Decimal("-0.50"))
    assert equity.equity == Decimal("500.50")
    assert stage.actors[0].state.books["BTC-EUR"].fees == 0


def test_a_payment_that_is_told_again_says_and_changes_nothing():
    stage = an_open_stage()
    stage.admit(a_payment(1, "0.25"), after_s=1)
    before = stage.actors[0].snapshot().cash
    assert stage.admit(a_payment(1, "0.25"), after_s=1) == []
    assert stage.actors[0].state.cash == before == {"EUR": Decimal("499.75")}


def test_funding_of_an_instrument_that_is_not_known_is_booked_all_the_same():
    stage = an_open_stage()
    said = stage.admit(a_payment(1, "0.25", symbol="SOL-EUR"), after_s=1)
    assert fields_of(of(Equity, said)[0], "equity", "complete") == (Decimal("499.75"), True)


def test_the_books_of_the_venue_after_a_settlement_agree_and_before_its_word_prove_nothing():
    stage = an_open_stage()
    stage.admit(an_execution(fee=Decimal(0)))
    stage.admit(a_payment(1, "0.25"), after_s=1)
    settled = a_snapshot(asked_ns=at(2), balances={"EUR": "399.75"}, BTC_EUR=1)
    assert stage.admit(settled, after_s=1)[0].agreed
    stage.admit(a_payment(3, "0.5"), after_s=1)
    early = stage.admit(settled, after_s=1)[0]
    assert fields_of(early, "agreed", "settled") == (False, False), "what was asked for before knows nothing of it"


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.decimals("-9", "9", places=8), st.sampled_from(["EUR", "BTC"])), max_size=12
    )
)
@settings(max_examples=40, deadline=None)
def test_i6_cash_is_the_opening_less_every_payment_once_exactly(told):
    stage = an_open_stage(balances={"EUR": "500.00000001"})
    cash = {"EUR": Fraction("500.00000001")}
    first: dict[int, tuple[Decimal, str]] = {}
    for number, amount, asset in told:
        stage.admit(a_payment(number, str(amount), asset=asset))
        first.setdefault(number, (amount, asset))
    for amount, asset in first.values():
        cash[asset] = cash.get(asset, Fraction(0)) - Fraction(amount)
    assert {asset: Fraction(amount) for asset, amount in stage.actors[0].state.cash.items()} == cash
    assert len(of(FundingBooked, [each.payload for each in stage.envelopes])) == len(first)


def test_a_fill_through_zero_opens_the_rest_at_its_own_price():
    stage = an_open_stage()
    stage.admit(an_execution(trade_id="t1", quantity=Decimal(2), price=Decimal(100)))
    said = stage.admit(an_execution(trade_id="t2", side="sell", quantity=Decimal(3), price=Decimal(110)))
    assert fields_of(said[0], "quantity", "entry", "realised") == (Decimal(-1), Decimal(110), Decimal(20))


def test_f50_an_execution_of_an_unknown_instrument_is_parked_and_booked_when_the_instrument_comes():
    stage = an_open_stage()
    said = stage.admit(an_execution(symbol="SOL-EUR"))
    assert of(Position, said) == []
    assert stage.admit(a_snapshot(asked_ns=at(1), balances={"EUR": 400}))[0].settled is False
    equity = stage.admit(a_beat("decide"))[0]
    assert fields_of(equity, "complete", "missing") == (False, ("instrument SOL-EUR is unknown",))
    assert equity.equity == 500, "a part without a value must not look like a loss"
    said = stage.admit(a_universe_changed("BTC-EUR", "SOL-EUR", version=2))
    assert fields_of(of(Position, said)[0], "symbol", "quantity") == ("SOL-EUR", Decimal(1))


def test_a_position_survives_the_universe_that_opened_it():
    stage = an_open_stage()
    stage.admit(an_execution())
    stage.admit(a_universe_changed("ETH-EUR", version=2))
    said = stage.admit(an_execution(trade_id="t2", side="sell"))
    assert of(Position, said)[0].quantity == 0


def test_equity_through_an_exchange_rate_names_the_rate_that_is_too_old():
    stage = an_open_stage(None, "BTC-USD", balances={"USD": "1000"})
    assert of(Equity, stage.admit(a_beat("decide"))) == [], "no rate yet: there is no equity to speak of"
    stage.admit(FxMark("USD", Decimal("0.9"), NOON_NS))
    assert fields_of(stage.admit(a_beat("decide"))[0], "equity", "complete") == (Decimal(900), True)
    assert fields_of(stage.admit(a_beat("decide"), after_s=60)[0], "complete", "missing") == (True, ())
    late = stage.admit(a_beat("decide"), after_s=1)[0]
    assert fields_of(late, "equity", "missing") == (Decimal(900), ("rate of USD is 61.0 s old, at most 60.0 s",))


def test_the_last_valid_mark_values_a_position_and_its_age_is_named():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, 50.0))
    stage.admit(an_execution(fee=Decimal(0)))
    stage.admit(marks_of(float("nan"), 50.0, at_ns=at(6)), after_s=6)
    equity = stage.admit(a_beat("decide"))[0]
    assert fields_of(equity, "net", "complete") == (Decimal(100), False)
    assert equity.missing == ("mark of BTC-EUR is 6.0 s old, at most 5.0 s",)


def test_between_decisions_equity_is_said_only_when_it_moved():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, 50.0))
    stage.admit(an_execution(fee=Decimal(0)))
    assert stage.admit(a_beat("second")) == []
    stage.admit(marks_of(100.04, 50.0))
    assert stage.admit(a_beat("second")) == []
    stage.admit(marks_of(100.10, 50.0))
    assert stage.admit(a_beat("second"))[0].equity == Decimal("500.10")


def test_the_day_starts_with_what_was_owned_at_midnight_and_the_peak_stays():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, 50.0))
    stage.admit(an_execution(fee=Decimal(0)))
    stage.admit(marks_of(120.0, 50.0))
    assert stage.admit(a_beat("decide"))[0].peak == 520
    stage.admit(marks_of(90.0, 50.0, at_ns=at(DAY_S)), after_s=DAY_S)
    equity = stage.admit(a_beat("decide"))[0]
    assert fields_of(equity, "equity", "day_start", "peak") == (Decimal(490), Decimal(520), Decimal(520))


def test_i30_bug_28_a_day_that_seems_to_come_again_does_not_begin_anew():
    stage = an_open_stage()
    stage.admit(a_beat("decide"), after_s=DAY_S)
    started = stage.last(Equity).day
    stage.admit(a_beat("decide"), after_s=-DAY_S)
    assert stage.last(Equity).day == started


def test_a_second_snapshot_that_differs_names_both_numbers():
    stage = an_open_stage()
    stage.admit(an_execution(fee=Decimal("0.10")))
    said = stage.admit(a_snapshot(asked_ns=at(2), balances={"EUR": "399.80", "BNB": 1}), after_s=2)
    assert fields_of(said[0], "agreed", "settled") == (False, True)
    assert said[0].mismatches == (
        "BNB: 0 here, 1 at the venue",
        "EUR: 399.9 here, 399.8 at the venue",
        "BTC-EUR: 1 here, 0 at the venue",
    )


def test_what_is_missing_at_the_venue_is_zero_there():
    stage = an_open_stage(balances={"EUR": "500", "USD": "0"})
    said = stage.admit(a_snapshot(asked_ns=at(2), balances={"EUR": "500.00"}))
    assert said[0].agreed is True


@pytest.mark.parametrize(
    ("order", "settled"),
    [
        (an_order_state("SENDING"), False),
        (an_order_state("UNKNOWN"), False),
        (an_order_state("CANCELLING"), False),
        (an_order_state("CANCELLED", open=Decimal("0.5")), False),
        (an_order_state("OPEN"), True),
        (an_order_state("CANCELLED", open=Decimal(0)), True),
    ],
)
def test_a_snapshot_is_settled_only_while_every_order_is_at_rest(order, settled):
    stage = an_open_stage()
    stage.admit(order)
    assert stage.admit(a_snapshot(asked_ns=at(1)))[0].settled is settled


def test_an_execution_booked_after_the_venue_was_asked_unsettles_the_answer():
    stage = an_open_stage()
    stage.admit(an_execution(), after_s=2)
    assert stage.admit(a_snapshot(asked_ns=at(2)))[0].settled is False
    assert stage.admit(a_snapshot(asked_ns=at(2) + 1))[0].settled is True


def test_a_snapshot_of_the_ledger_makes_an_equal_twin():
    stage = an_open_stage()
    stage.admit(marks_of(100.0, float("nan")))
    stage.admit(an_execution())
    stage.admit(an_execution(symbol="SOL-EUR", trade_id="t2"))
    twin = a_ledger()
    round_trips(stage.actors[0], twin)
    stage.admit(an_execution(trade_id="t3"))
    assert len(twin.state.parked) == 1
    assert twin.state.books["BTC-EUR"].quantity == 1


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_an_age_that_is_no_limit_is_refused_by_name(value):
    with pytest.raises(ValueError, match="rate_age_s_max was"):
        ledger_settings(rate_age_s_max=value)


def test_an_account_of_its_own_currency_alone_is_worth_the_same_until_something_is_paid_or_parked():
    stage = an_open_stage(balances={"EUR": "500"})
    before = of(Equity, stage.admit(a_beat("decide")))
    stage.admit(marks_of(100.0, 50.0))
    assert of(Equity, stage.admit(a_beat("decide"))) == before
    stage.admit(an_execution(symbol="SOL-EUR"))
    (parked,) = of(Equity, stage.admit(a_beat("decide")))
    assert not parked.complete
    stage.admit(an_execution(quantity=Decimal("0.5"), price=Decimal("100.10"), fee=Decimal("0.05")))
    (paid,) = of(Equity, stage.admit(a_beat("decide")))
    assert paid.cash == Decimal(500) - Decimal("50.10")
