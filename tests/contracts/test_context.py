"""A figure is known from its release on, and a release of a date from the next midnight."""

from datetime import UTC, date, datetime

import pytest

from contracts.context import ContextValue, known_from


def test_a_release_of_a_date_counts_from_the_next_midnight() -> None:
    assert known_from(date(2024, 2, 28)) == int(datetime(2024, 2, 29, tzinfo=UTC).timestamp()) * 10**9
    assert known_from(date(2023, 12, 31)) == int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(("name", "vintage"), [("", "2024-02-28"), ("vix", "")])
def test_a_figure_has_a_name_and_a_vintage(name: str, vintage: str) -> None:
    with pytest.raises(ValueError, match="expected both to be named"):
        ContextValue(name=name, value=1.0, event_ns=0, released_ns=0, vintage=vintage)
