"""Funding of perpetuals in history: held by a strategy, it comes to what a plain calculation says, to the cent."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.own_code import identity_here
from bot.records.making import records_of
from bot.replaying import replay_run
from bot.review.facts import facts_of
from bot.review.whole import review_of
from bot.worlds import replayed_bus
from contracts.account import Equity, FundingBooked
from contracts.history import BarBlock, Dated
from contracts.market import Perp
from contracts.trade import Fill, FundingPaid, Reconciled, VenueSnapshot
from tests.bot.backtest.test_strategy_oracles import CASH, CENT, FIRST, a_wide_profile, some_bars
from tests.kit.history_data import MemoryDataset
from tests.kit.journals import read_run

EVERY, BARS = 3, 84
"""Bars between two settlements, a quarter of an hour, and bars in all."""

SETTINGS = {"buy_and_hold": {"equity_share": 0.9}, "random_trader": {"trade_probability": 0.3, "equity_share": 0.2}}


@cache
def some_perpetuals() -> MemoryDataset:
    """Three perpetuals with seeded rates; of the last one nothing is told."""
    bars = some_bars()
    block = BarBlock(*(each[:BARS] for each in bars.block))
    rates = np.random.default_rng(3).normal(0.0, 0.002, (BARS, 3))
    rows = [
        Dated(at_ns, Perp(symbol=symbol, settled=float(rate), settled_ns=at_ns, event_ns=at_ns, epoch=1, frame=number))
        for number, at_ns in enumerate(block.close_ns.tolist())
        if number % EVERY == 0
        for symbol, rate in zip(bars.symbols[:2], rates[number], strict=False)
    ]
    return MemoryDataset(block, bars.instruments, rows)


@pytest.fixture(scope="module", params=["buy_and_hold", pytest.param("random_trader", marks=pytest.mark.numbers)])
def told(request, tmp_path_factory):
    """A finished backtest of a strategy that was told nothing of funding, and what it came to."""
    data = some_perpetuals()
    options = BacktestOptions(tmp_path_factory.mktemp("runs"), int(data.block.close_ns[FIRST]), 2**62)
    profile = a_wide_profile(request.param, **SETTINGS[request.param])
    result = run_backtest(profile, data, options, lambda at_ns: None)
    assert result.exit_code == 0
    return profile, Path(result.summary["journal"]).parent, result.summary


def of(directory, kind):
    return [each for each in read_run(directory) if isinstance(each.payload, kind)]


def reckoned(fills):
    """Every payment from the fills and the rows alone: position at the settlement x open of the next bar x rate."""
    data = some_perpetuals()
    opens = dict(zip(data.block.close_ns[:-1].tolist(), data.block.open[1:], strict=True))
    payments = []
    for at_ns, row in data.dated:
        held = sum(
            fill.quantity if fill.side == "buy" else -fill.quantity
            for fill in fills
            if fill.symbol == row.symbol and fill.event_ns <= at_ns
        )
        if held:
            mark = Decimal(repr(float(opens[at_ns][data.symbols.index(row.symbol)])))
            paid = held * mark * Decimal(repr(row.settled))
            payments.append((row.symbol, at_ns, paid.quantize(Decimal("1E-8"))))
    return payments


def test_every_settlement_that_something_was_held_at_is_paid_once(told) -> None:
    _, directory, _ = told
    fills = [each.payload for each in of(directory, Fill)]
    booked = [each.payload for each in of(directory, FundingBooked)]
    assert sorted((each.symbol, each.settled_ns, each.amount) for each in booked) == sorted(reckoned(fills))
    assert len(booked) > 8
    assert {each.amount > 0 for each in booked} == {True, False}


def test_equity_is_what_fills_and_funding_leave_to_the_cent(told) -> None:
    _, directory, _ = told
    said, cash, paid = read_run(directory), CASH, Decimal(0)
    for each in said:
        if isinstance(each.payload, Fill):
            fill = each.payload
            cash -= fill.quantity * fill.price * (1 if fill.side == "buy" else -1) + fill.fee
        elif isinstance(each.payload, FundingBooked):
            paid += each.payload.amount
        elif isinstance(each.payload, Equity):
            assert each.payload.cash.quantize(CENT) == (cash - paid).quantize(CENT)
    assert paid == sum(amount for _, _, amount in reckoned([each.payload for each in of(directory, Fill)]))


def test_the_books_of_the_venue_agree_whenever_they_are_shown(told) -> None:
    _, directory, _ = told
    assert len(of(directory, VenueSnapshot)) == len(of(directory, Reconciled)) >= 1
    assert all(each.payload.agreed for each in of(directory, Reconciled))


def test_a_backtest_with_funding_replays_to_the_byte(told) -> None:
    profile, directory, _ = told
    report = replay_run(directory, lambda journal, now: replayed_bus(profile, journal, now), identity_here())
    assert report.byte_identical


def test_rows_the_bot_was_not_told_are_not_in_its_journal(told) -> None:
    _, directory, _ = told
    assert of(directory, Perp) == []
    assert of(directory, FundingPaid) != []


def test_the_report_says_what_holding_paid_and_of_what_nothing_was_told(told) -> None:
    _, directory, summary = told
    assert summary["without_funding"] == (some_bars().symbols[2],)
    review = review_of(facts_of(directory), records_of(directory))
    paid = sum(each.payload.amount for each in of(directory, FundingBooked))
    assert review.figures["funding_eur"] == pytest.approx(float(paid))
    assert any(lack.startswith(f"funding of {some_bars().symbols[2]}:") for lack in review.lacks)
    trades = records_of(directory).table("trades")
    assert float(np.nansum(trades.floats("funding_eur"))) == pytest.approx(float(paid))
    whole = float(np.nansum(trades.floats("pnl_eur"))) + review.figures["unrealised_eur"]
    assert whole == pytest.approx(review.figures["profit_eur"], abs=1e-6)
