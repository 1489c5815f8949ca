import numpy as np
import pytest

from bot.evaluation import data, gate
from bot.evaluation.gate import GATE, INDEPENDENT, Tails, gate_report, tails_of
from bot.evaluation.prices import Prices

DAY_NS = 86_400_000_000_000
FROM_2000_NS = 946_684_800 * 10**9


def closes(rows: int = 900, width: int = 8, together: float = 0.7, seed: int = 1) -> Prices:
    rng = np.random.default_rng(seed)
    moves = together * rng.standard_normal((rows, 1)) + np.sqrt(1 - together**2) * rng.standard_normal((rows, width))
    close = 100.0 * np.exp(np.cumsum(0.01 * moves, axis=0))
    return Prices.of_closes(tuple(f"S{at}" for at in range(width)), DAY_NS * np.arange(1, rows + 1), 86_400.0, close)


def test_a_true_tail_is_met_as_often_as_said_and_costs_what_was_said() -> None:
    loss = np.random.default_rng(2).standard_normal((40_000, 1))
    tails = Tails(np.full(loss.shape, 1.959964), np.full(loss.shape, 2.337803), loss)

    assert tails.hits.mean() == pytest.approx(0.025, abs=0.002)
    assert tails.z2 == pytest.approx(0.0, abs=0.08)
    assert Tails(tails.var, 0.5 * tails.shortfall, loss).z2 > 0.8


def test_long_books_of_stocks_that_move_together_need_the_copula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SCENARIOS", 512)
    prices = closes()

    found = tails_of(prices, int(prices.at_ns[500]), 1)

    long = slice(0, gate.BOOKS // 2)
    assert (found[GATE].shortfall >= found[GATE].var).all()
    assert found[GATE].var[:, long].mean() > 1.2 * found[INDEPENDENT].var[:, long].mean()
    assert found[GATE].loss.shape == (79, gate.BOOKS)


def test_the_same_seed_gives_the_same_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SCENARIOS", 256)
    prices = closes(rows=560)

    one, two = (gate_report(prices, int(prices.at_ns[500]), 1) for _ in range(2))

    assert one == two
    assert {"exceedance", "z2", "kupiec_p", "christoffersen_p", "independent_exceedance"} <= one.figures.keys()


@pytest.mark.numbers
def test_the_gates_tail_is_true_on_the_sp500_and_the_independent_one_is_not() -> None:
    report = gate_report(data.read([data.sp500_closes()]), FROM_2000_NS, 1)

    assert report.missed == ()
