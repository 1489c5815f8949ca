"""Trades and their costs."""

import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from adapters.records.rows import EquityRow, OrderRow, TradeRow
from bot.review import trading
from bot.review.account import account_of
from bot.review.account import figures_of as account_figures
from tests.kit.reviews import a_trade, an_order_row, equity_rows, table

ACCOUNT = account_of(table(EquityRow, equity_rows(np.linspace(500.0, 510.0, 40))))
TRADES = [a_trade(1, "2"), a_trade(2, "-1", symbol="ETH-EUR"), a_trade(3, "-1"), a_trade(4, None)]


def figures(trades, orders):
    return trading.figures_of(table(TradeRow, trades), table(OrderRow, orders), ACCOUNT)


def test_figures_of_trades_are_of_those_that_closed() -> None:
    found = figures(TRADES, [an_order_row(1), an_order_row(2)])
    assert (found["trades"], found["trades_open"], found["hit_rate"]) == (4, 1, pytest.approx(1 / 3))
    assert (found["profit_factor"], found["payoff"]) == (1.0, 2.0)
    assert (found["fees_eur"], found["spread_eur"], found["impact_eur"]) == pytest.approx((0.02, 0.04, 0.02))
    assert (found["slippage_bps"], found["orders_filled"], found["traded_eur"]) == pytest.approx((3.0, 1.0, 200.0))


def test_what_the_decisions_earned_less_all_costs_is_the_change_of_equity() -> None:
    found = account_figures(ACCOUNT) | figures(TRADES, [an_order_row(1), an_order_row(2)])
    section = trading.section_of(table(TradeRow, TRADES), table(OrderRow, []), found)
    (money,) = (each for each in section.tables if each.title == "Where the money went")
    amounts = [float(row[1] or 0.0) for row in money.rows]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1]) == pytest.approx(10.0)
    assert [row[0] for row in money.rows][1:3] == ["half the spread", "slippage and impact beyond it"]


def test_what_holding_paid_has_its_own_line_and_the_table_still_adds_up() -> None:
    rows = equity_rows(np.linspace(500.0, 510.0, 40))
    rows[-1] = msgspec.structs.replace(rows[-1], funding_eur=Decimal("1.25"))
    account = account_of(table(EquityRow, rows))
    trades = [a_trade(1, "2", funding_eur=Decimal("1.25"))]
    found = account_figures(account) | trading.figures_of(table(TradeRow, trades), table(OrderRow, []), account)
    assert found["funding_eur"] == 1.25
    section = trading.section_of(table(TradeRow, trades), table(OrderRow, []), found)
    money, by = section.tables[:2]
    assert money.rows[-2][:2] == ("funding of perpetuals", -1.25)
    assert sum(float(row[1] or 0.0) for row in money.rows[:-1]) == pytest.approx(10.0)
    assert dict(zip(by.columns, by.rows[0], strict=True))["funding, EUR"] == 1.25


def test_without_quotes_the_costs_stay_in_one_piece() -> None:
    thin = [an_order_row(1, spread_eur=None, impact_eur=None, half_spread_bps=None)]
    found = account_figures(ACCOUNT) | figures([], thin)
    assert math.isnan(found["spread_eur"]) and found["shortfall_eur"] == 0.03
    section = trading.section_of(table(TradeRow, []), table(OrderRow, thin), found)
    assert section.tables[0].rows[1][0] == "spread, slippage and impact"
    assert section.charts == () and section.long is None


def test_instruments_are_ordered_by_what_they_brought() -> None:
    section = trading.section_of(
        table(TradeRow, TRADES), table(OrderRow, []), account_figures(ACCOUNT) | figures(TRADES, [])
    )
    (by,) = (each for each in section.tables if each.title == "By instrument")
    assert [(row[0], row[1], row[3]) for row in by.rows] == [("BTC-EUR", 3, 1.0), ("ETH-EUR", 1, -1.0)]
    assert section.long is not None and len(section.long.rows) == 4


def test_an_order_that_was_not_filled_costs_nothing() -> None:
    left = an_order_row(1, fills=0, shortfall_eur=None, spread_eur=None, impact_eur=None, slippage_bps=None)
    found = figures([], [left, an_order_row(2)])
    assert (found["spread_eur"], found["orders_filled"]) == (0.02, 0.5)
