"""What a history does not say of the cost of holding."""

import msgspec
import pytest

from bot.backtest.unfunded import said_of, unfunded
from contracts.history import Dated
from contracts.instrument import Universe
from contracts.market import Perp
from tests.kit.funding import a_predicted, a_settled
from tests.kit.history_data import a_walk
from tests.kit.market import at

BARE = Perp(symbol="I000-EUR", mark=1.0, event_ns=at(1), epoch=1, frame=1)


def without(row=None, until_ns=2**62, **changed):
    data = a_walk(width=1, times=3)
    data.instruments = Universe(
        1, tuple(msgspec.structs.replace(each, **changed) for each in data.instruments.instruments)
    )
    data.dated = [] if row is None else [Dated(at(1), row)]
    return unfunded(data, data.universe(), 0, until_ns)


@pytest.mark.parametrize("row", [a_settled(0.001, 1, "I000-EUR"), a_predicted(0.001, 2, told=1, symbol="I000-EUR")])
def test_an_instrument_whose_rate_is_told_is_not_named(row) -> None:
    assert without(row) == ()
    assert without(row, until_ns=at(1)) == ("I000-EUR",), "it is told after the end"


def test_what_can_be_sold_short_and_has_no_rate_is_named() -> None:
    assert without() == ("I000-EUR",)
    assert without(BARE) == ("I000-EUR",)


def test_what_cannot_be_sold_short_or_is_our_own_is_not() -> None:
    assert without(can_short=False) == without(venue="made") == without(venue="simulated") == ()


def test_many_are_told_by_their_first() -> None:
    assert said_of(tuple("ABCDEFG")).startswith("funding of A, B, C, D, E and 2 more: ")
    assert said_of(("A",)).startswith("funding of A: ")
