"""What a history does not say of the cost of holding."""

from bot.backtest.unfunded import said_of, unfunded
from tests.kit.market import a_universe


def test_what_can_be_sold_short_and_had_no_rate_is_named_in_order() -> None:
    universe = a_universe("BTC-EUR", "ETH-EUR", "SOL-EUR")
    assert unfunded(universe, {"ETH-EUR": None}) == ("BTC-EUR", "SOL-EUR")
    assert unfunded(universe, universe.symbols) == ()


def test_what_cannot_be_sold_short_or_is_our_own_is_not() -> None:
    for universe in (a_universe(can_short=False), a_universe(venue="made"), a_universe(venue="simulated")):
        assert unfunded(universe, ()) == ()


def test_many_are_told_by_their_first() -> None:
    assert said_of(tuple("ABCDEFG")).startswith("funding of A, B, C, D, E and 2 more: ")
    assert said_of(("A",)).startswith("funding of A: ")
