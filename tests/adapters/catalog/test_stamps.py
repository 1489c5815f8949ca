"""Times in pieces are those of one look at all of them, or a look at all of them is asked for."""

from pathlib import Path

import polars as pl
import pytest

from adapters.catalog.stamps import OtherForm, Stamps
from adapters.tables.cells import times
from adapters.tables.errors import BadTable

PATH = Path("a.csv")
SECOND = 1_704_067_200


@pytest.mark.parametrize(
    "cells",
    [
        [SECOND, SECOND + 60, SECOND + 120, SECOND + 180],
        ["2024-01-01", "2024-01-02T00:00", "2024/01/03", "2024-01-04 00:00:00"],
        [f"{SECOND}000", f"{SECOND}060", f"{SECOND}120", f"{SECOND}180"],
        [20240101, 20240102, 20240103, 20240104],
    ],
)
def test_pieces_of_one_form_are_the_whole_column(cells: list) -> None:
    column, stamps = pl.Series("time", cells), Stamps(PATH)
    first, second = (stamps.read(column[at : at + 2], at, in_pieces=True).tolist() for at in (0, 2))

    assert first + second == times(PATH, column).tolist()


@pytest.mark.parametrize(
    "later",
    [[SECOND * 1000, SECOND * 1000 + 1], ["2024-01-01", "2024-01-02"], [SECOND + 0.5, SECOND + 1.0], [1, 2]],
)
def test_another_form_behind_the_first_pieces_wants_a_look_at_all(later: list) -> None:
    stamps = Stamps(PATH)
    stamps.read(pl.Series("time", [SECOND, SECOND + 60]), 0, in_pieces=True)

    with pytest.raises(OtherForm):
        stamps.read(pl.Series("time", later), 2, in_pieces=True)


def test_an_offset_unlike_the_first_one_is_refused_in_any_piece() -> None:
    stamps, anyhow = Stamps(PATH), Stamps(PATH, any_zone=True)
    for at, cell in enumerate(("2024-01-01T00:00Z", "2024-01-02T00:00Z")):
        stamps.refuse_zones(pl.Series("time", [cell]), at)
    other = pl.Series("time", ["2024-01-03T00:00+01:00"])

    with pytest.raises(BadTable, match=r"row 3: was '2024-01-03T00:00\+01:00', expected offset Z as in row 1"):
        stamps.refuse_zones(other, 2)
    anyhow.refuse_zones(other, 2)
