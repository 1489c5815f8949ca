"""The account over time and its decisions: exposure, drawdown, budget, refusals by reason."""

from decimal import Decimal

import pytest

from bot.records.making import NO_RATES
from contracts.decision import Reason, Refusal
from tests.kit.beliefs import a_pick, a_regime_state, a_selection, a_slate
from tests.kit.funding import a_booked
from tests.kit.market import a_universe_changed
from tests.kit.orders import an_order
from tests.kit.run_records import a_log, a_verdict, an_equity, read_from

REFUSED = Refusal(
    decision=1, leg=0, symbol="BTC-EUR", side="buy", reasons=(Reason("C12", "too soon"), Reason("SIZE", "small")),
    based_on=(1,),
)  # fmt: skip


def test_an_equity_says_exposure_drawdown_and_the_budget_in_use() -> None:
    equity = an_equity("450", peak=Decimal(500), gross=Decimal(90), net=Decimal(-90))
    first, second = read_from((0.0, an_equity()), (1.0, a_verdict()), (2.0, equity)).tables["equity"]
    assert (first.drawdown, first.cvar_share) == (0.0, None)
    assert (second.drawdown, second.exposure, second.net_exposure) == (pytest.approx(0.1), 0.2, -0.2)
    assert (second.cvar_eur, second.cvar_max_eur, second.cvar_share) == (4.0, 5.0, 0.8)


def test_an_equity_says_what_holding_has_paid_so_far() -> None:
    told = ((0.0, an_equity()), (1.0, a_booked("0.25")), (1.0, an_equity()), (2.0, a_booked("-1")), (2.0, an_equity()))
    read = read_from(*told)
    assert [row.funding_eur for row in read.tables["equity"]] == [Decimal(0), Decimal("0.25"), Decimal("-0.75")]
    unknown = read_from(*told, (3.0, a_booked("1", asset="USDT")), (3.0, an_equity()))
    assert unknown.tables["equity"][-1].funding_eur is None
    assert NO_RATES in unknown.lacks and NO_RATES not in read.lacks


def test_a_decision_is_one_row_with_its_slate_selection_refusals_and_orders() -> None:
    read = read_from(
        (0.0, a_universe_changed("BTC-EUR", "ETH-EUR")),
        (0.0, a_regime_state(label="wild")),
        (1.0, a_slate(mu=[0.01, float("nan")])),
        (1.0, a_selection(a_pick(), a_pick(symbol="ETH-EUR", held=True))),
        (1.0, REFUSED),
        (1.0, a_verdict(var_after=3.5)),
        (1.0, an_order()),
        (1.0, a_log(refusal_seqs=(6,))),
        (2.0, a_verdict(decision=2)),
        (2.0, a_log(decision=2)),
    )
    first, second = read.tables["decisions"]
    assert (first.universe, first.slate, first.picks, first.held) == (2, 1, 2, 1)
    assert (first.intents, first.refusals, first.refused_by, first.orders) == (1, 1, "C12", 1)
    assert (first.regime, first.cvar_share, first.var_eur) == ("wild", 0.8, 3.5)
    assert (second.orders, second.refused_by) == (0, None)
    assert [(row.control, row.text) for row in read.tables["refusals"]] == [("C12", "too soon"), ("SIZE", "small")]


def test_an_agent_without_a_weight_has_no_row() -> None:
    slate = a_slate(agents=("ofi", "pairs"), weights=[[0.4, 0.6], [float("nan"), float("nan")]])
    (row,) = read_from((1.0, slate)).tables["weights"]
    assert (row.agent, row.weight) == ("ofi", 0.5)
