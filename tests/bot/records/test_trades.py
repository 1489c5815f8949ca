"""Round trips: from flat to flat, exactly, with what was believed when they were entered and left."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.execution.books import Book, booked
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.funding import a_booked
from tests.kit.market import a_universe_changed, at
from tests.kit.orders import a_snapshot, an_intent, an_order
from tests.kit.run_records import a_fill, an_equity, read_from

OPENING = ((0.0, a_universe_changed("BTC-EUR", "ETH-EUR")), (0.0, a_snapshot()), (0.0, an_equity()))


def trips(*messages):
    return read_from(*OPENING, *messages).tables["trades"]


def test_a_round_trip_goes_from_flat_to_flat() -> None:
    bought = a_fill("buy", "2", "100", trade_id="1", fee=Decimal("0.10"))
    more = a_fill("buy", "2", "110", trade_id="2", fee=Decimal("0.11"))
    sold = a_fill("sell", "4", "120", trade_id="3", fee=Decimal("0.24"))
    (trip,) = trips((1.0, bought), (2.0, more), (61.0, sold))
    assert (trip.side, trip.state, trip.fills) == ("long", "closed", 3)
    assert (trip.entry_price, trip.exit_price, trip.quantity) == (Decimal(105), Decimal(120), Decimal(4))
    assert (trip.gross_eur, trip.fees_eur, trip.pnl_eur) == (Decimal(60), Decimal("0.45"), Decimal("59.55"))
    assert (trip.entry_at, trip.exit_at, trip.holding_s) == (at(1.0), at(61.0), 60.0)
    assert trip.return_bps == 1e4 * 59.55 / 420


def test_a_fill_through_zero_ends_one_trip_and_begins_the_next_with_its_share_of_the_fee() -> None:
    long, short = trips(
        (1.0, a_fill("buy", "1", "100", trade_id="1")),
        (2.0, a_fill("sell", "3", "90", trade_id="2", fee=Decimal("0.3"))),
    )
    assert (long.pnl_eur, long.fees_eur, long.state) == (Decimal("-10.1"), Decimal("0.1"), "closed")
    assert (short.side, short.state, short.open_quantity, short.fees_eur) == ("short", "open", 2, Decimal("0.2"))
    assert (short.pnl_eur, short.exit_at, short.return_bps) == (Decimal("-0.2"), None, None)


def test_what_is_half_left_has_half_of_its_profit() -> None:
    (trip,) = trips((1.0, a_fill("buy", "4", "100", trade_id="1")), (2.0, a_fill("sell", "2", "110", trade_id="2")))
    assert (trip.state, trip.pnl_eur, trip.open_quantity, trip.exit_price) == ("open", 20, 2, 110)


def test_funding_is_a_cost_of_the_trip_that_was_held() -> None:
    first, second = trips(
        (1.0, a_fill("buy", "1", "100", trade_id="1")),
        (2.0, a_booked("0.25")),
        (3.0, a_booked("7", symbol="ETH-EUR")),
        (4.0, a_fill("sell", "1", "110", trade_id="2")),
        (4.1, a_booked("-0.05")),
        (5.0, a_fill("sell", "1", "110", trade_id="3")),
        (6.0, a_booked("-0.75")),
    )
    assert (first.funding_eur, first.pnl_eur) == (Decimal("0.20"), Decimal("9.80")), "the last was told a moment late"
    assert (second.state, second.funding_eur, second.pnl_eur) == ("open", Decimal("-0.75"), Decimal("0.75"))


def test_funding_in_an_asset_without_a_rate_leaves_the_profit_open() -> None:
    (trip,) = trips((1.0, a_fill("buy", "1", "100", trade_id="1")), (2.0, a_booked("0.25", asset="USDT")))
    assert (trip.funding_eur, trip.pnl_eur) == (None, None)


def test_what_was_held_before_the_run_has_no_profit_that_could_be_known() -> None:
    brought = ((0.0, a_universe_changed("BTC-EUR")), (0.0, a_snapshot(BTC_EUR="2")), (0.0, an_equity()))
    read = read_from(*brought, (5.0, a_fill("sell", "2", "100")))
    (trip,) = read.tables["trades"]
    assert (trip.entry_price, trip.pnl_eur, trip.exit_price) == (None, None, Decimal(100))
    assert any(lack.startswith("entry prices") for lack in read.lacks)


def test_a_profit_without_an_exchange_rate_is_not_guessed() -> None:
    opening = ((0.0, a_universe_changed("BTC-USD")), (0.0, a_snapshot()), (0.0, an_equity()))
    fills = [a_fill(side, "1", "100", symbol="BTC-USD", trade_id=side) for side in ("buy", "sell")]
    read = read_from(*opening, (1.0, fills[0]), (2.0, fills[1]))
    (trip,) = read.tables["trades"]
    assert (trip.pnl_eur, trip.entry_price) == (None, Decimal(100))


def test_entry_and_exit_carry_what_was_believed_and_allowed() -> None:
    buy, sell = an_intent(mu=0.002, cvar_after=4.0), an_intent(side="sell", decision=2, reduce_only=True)
    (trip,) = trips(
        (1.0, a_slate(agents=("ofi", "pairs"), weights=[[0.2, 0.2], [0.8, 0.8]])),
        (1.0, a_selection(a_pick(symbol="ETH-EUR"), a_pick(quality=0.3))),
        (1.0, buy),
        (1.0, an_order(intent_seq=7)),
        (2.0, a_fill("buy", "1", "100", trade_id="1")),
        (9.0, a_selection(decision=2)),
        (9.0, sell),
        (9.0, an_order(client_id="k1-000002-00-0", side="sell", decision=2, intent_seq=11)),
        (9.5, a_fill("sell", "1", "101", trade_id="2", client_id="k1-000002-00-0")),
    )
    entry, left = trip.entry, trip.exit
    assert (entry.order, entry.cause, entry.rank, entry.quality) == ("k1-000001-00-0", "selected", 2, 0.3)
    assert (entry.mu, entry.cvar_eur, entry.cvar_share) == (0.002, 4.0, 0.8)
    assert (entry.top_agent, entry.top_weight) == ("pairs", 0.8)
    assert (left.order, left.cause, left.rank) == ("k1-000002-00-0", "let go", None)


fills = st.lists(
    st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 9), st.integers(50, 150), st.integers(0, 5)), max_size=12
)


@given(fills)
def test_law_profits_and_what_is_open_are_the_change_of_equity_at_any_time(plan) -> None:
    """The ledger values what is open against the running average of its entries."""
    cash, book, said = Decimal(0), Book(), []
    for number, (side, lots, price, fee) in enumerate(plan):
        said.append((float(number), a_fill(side, str(lots), str(price), trade_id=str(number), fee=Decimal(fee))))
        signed = Decimal(lots if side == "buy" else -lots)
        cash -= signed * price + fee
        book = booked(book, signed, Decimal(price), Decimal(fee))
    mark = Decimal(77)
    profits = sum((trip.pnl_eur for trip in trips(*said)), Decimal(0))
    unrealised = book.quantity * (mark - book.entry)
    assert abs(profits + unrealised - (cash + book.quantity * mark)) < Decimal("1E-12")


@given(fills)
def test_law_when_nothing_is_held_the_profits_of_all_trips_are_the_change_of_cash(plan) -> None:
    cash, held, said = Decimal(0), 0, []
    for number, (side, lots, price, fee) in enumerate(plan):
        said.append((float(number), a_fill(side, str(lots), str(price), trade_id=str(number), fee=Decimal(fee) / 7)))
        direction = 1 if side == "buy" else -1
        held += direction * lots
        cash -= direction * lots * Decimal(price)
    if held:
        side = "sell" if held > 0 else "buy"
        said.append((99.0, a_fill(side, str(abs(held)), "80", trade_id="last")))
        cash += held * Decimal(80)
    rows = trips(*said)
    assert all(row.state == "closed" for row in rows)
    assert sum((row.gross_eur for row in rows), Decimal(0)) == cash
    fees = sum((fill.fee for _, fill in said), Decimal(0))
    assert abs(sum((row.fees_eur for row in rows), Decimal(0)) - fees) < Decimal("1E-25")
