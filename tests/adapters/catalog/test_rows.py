"""Rows of every kind: kept exactly, told in order of when they were known, whatever the pieces they came in."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.catalog import merged
from adapters.catalog.availability import DAY_NS, RULES, known_by
from adapters.catalog.manifest import KINDS, read_manifest, write_manifest
from adapters.catalog.opened import open_dataset
from adapters.catalog.parts import file_digest, write_part
from adapters.catalog.rows import filed, symbol_of_name
from contracts.column import integers
from contracts.context import ContextValue
from contracts.history import DatasetUnusable, Dated
from contracts.life import Beat
from contracts.market import BookDelta, BookSnapshot, Perp
from quant.features.registry import RULES as FEATURE_RULES
from tests.kit.catalogs import JANUARY_NS, bars, tick, trade, with_rows

EVERYTHING = frozenset(KINDS)
FOREVER = 2**62
AT = JANUARY_NS


def told(path: Path, kinds=EVERYTHING, span=(0, FOREVER), symbols=None) -> list[Dated]:
    from_ns, to_ns = span
    return list(open_dataset(path).rows(kinds, from_ns, to_ns, symbols))


def book(symbol: str, at_ns: int, kind: type = BookDelta) -> Dated:
    sides = (integers([10, 9]), integers([1, 0]), integers([11]), integers([3]))
    return Dated(at_ns, kind(symbol, *sides, 7, at_ns - 5, 1, 3))


def figure(at_ns: int, value: float | None = 1.5, symbol: str = "") -> Dated:
    made = ContextValue(
        name="vix", value=value, event_ns=at_ns - DAY_NS, released_ns=at_ns, vintage="2024-01-01", symbol=symbol
    )
    return Dated(at_ns, made)


def symbol_of(row: Dated) -> str:
    payload: Any = row.payload
    return str(payload.symbol)


ONE_OF_EACH = [
    tick("A", AT), trade("A", AT + 1), book("A", AT + 2, BookSnapshot), book("A", AT + 3),
    Dated(AT + 4, Perp(symbol="A", funding=1e-4, next_funding_ns=AT + 9, mark=10.5, event_ns=AT, epoch=1, frame=2)),
    figure(AT + 5), figure(AT + 6, None, "A"),
]  # fmt: skip


def test_every_kind_comes_back_as_it_was(tmp_path: Path) -> None:
    assert told(with_rows(tmp_path / "x", [ONE_OF_EACH])) == ONE_OF_EACH


def test_what_is_no_row_is_filed_nowhere() -> None:
    assert filed(AT, Beat("signal", 1)) is None


MONTH_END = JANUARY_NS + 31 * DAY_NS
events = st.builds(
    lambda make, symbol, step: make(symbol, MONTH_END - 20 + step),
    st.sampled_from([tick, trade, book]),
    st.sampled_from(["A", "B"]),
    st.integers(0, 40),
)


@pytest.mark.numbers
@settings(max_examples=30)
@given(st.lists(events, min_size=1, max_size=40, unique_by=repr), st.lists(st.integers(0, 40)), st.integers(1, 5))
def test_the_order_does_not_depend_on_pieces_months_or_row_groups(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Dated], cuts: list[int], group: int
) -> None:
    rows = sorted(rows, key=lambda row: row.at_ns)
    edges = [0, *(MONTH_END - 20 + cut for cut in sorted(cuts)), FOREVER]
    pieces = [[row for row in rows if first <= row.at_ns < end] for first, end in pairwise(edges)]
    place = tmp_path_factory.mktemp("d")
    whole = with_rows(place / "whole", [rows])
    parted = with_rows(place / "parted", [piece for piece in reversed(pieces) if piece])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merged, "ROW_GROUP", group)
        patch.setattr(merged, "MADE_AT_ONCE", group + 1)
        found = told(parted)

    ranks = {"Tick": 0, "Trade": 1, "BookDelta": 2}
    assert found == told(whole)
    assert found == sorted(rows, key=lambda row: (row.at_ns, ranks[type(row.payload).__name__], symbol_of(row)))
    assert open_dataset(parted).digest == open_dataset(whole).digest


def test_only_the_kinds_symbols_and_range_that_were_asked_for_are_told(tmp_path: Path) -> None:
    path = with_rows(tmp_path / "x", [[*ONE_OF_EACH, tick("B", AT + 7), figure(AT + 8, 2.0, "B")]])

    assert told(path, frozenset({"quotes"})) == [tick("A", AT), tick("B", AT + 7)]
    assert told(path, symbols=("B",)) == [figure(AT + 5), tick("B", AT + 7), figure(AT + 8, 2.0, "B")]
    assert told(path, span=(AT + 1, AT + 3)) == ONE_OF_EACH[1:3]
    assert symbol_of_name("context", "vix@B") == "B"


def test_a_figure_is_never_told_before_its_release(tmp_path: Path) -> None:
    early = Dated(AT, ONE_OF_EACH[5].payload)

    (row,) = told(with_rows(tmp_path / "x", [[early]]))
    assert isinstance(row.payload, ContextValue)
    assert row.at_ns == row.payload.released_ns == AT + 5


def test_a_leaked_column_is_caught(tmp_path: Path) -> None:
    """A part whose rows were dated back by hand, manifest and all, is not handed out."""
    path = with_rows(tmp_path / "x", [[tick("A", AT + step) for step in range(5)]])
    manifest = read_manifest(path)
    frame = pl.read_parquet(path / manifest.parts[0].path)
    leaked = frame.with_columns(at_ns=pl.col("at_ns") - pl.when(pl.col("at_ns") == AT + 3).then(3).otherwise(0))
    part = write_part(path, "quotes", "A", "2024-01", leaked)
    write_manifest(path, msgspec.structs.replace(manifest, parts=(part,)))

    with pytest.raises(DatasetUnusable, match="not in the order in which they were known"):
        told(path)


def test_a_part_that_was_cut_is_named(tmp_path: Path) -> None:
    path = with_rows(tmp_path / "x", [[tick("A", AT)]])
    part = path / read_manifest(path).parts[0].path
    part.write_bytes(part.read_bytes()[:50])

    with pytest.raises(DatasetUnusable, match=r"quotes/A/2024-01\.parquet"):
        told(path)
    assert file_digest(part) != read_manifest(path).parts[0].sha256


def test_the_rules_are_those_of_the_features() -> None:
    assert {rule for rule, _ in RULES.values()} <= FEATURE_RULES.keys()


@pytest.mark.parametrize(
    ("rule", "event", "known"),
    [
        ("at-event", "2024-01-05T14:00", "2024-01-05T14:00"),
        ("next-day", "2024-01-05T14:00", "2024-01-06"),
        ("next-day", "2024-01-05T00:00", "2024-01-06"),
        ("next-trading-day", "2024-01-05", "2024-01-08"),
        ("next-trading-day", "2024-01-06", "2024-01-08"),
        ("next-trading-day", "2024-01-07", "2024-01-08"),
        ("next-trading-day", "2024-01-08", "2024-01-09"),
    ],
)
def test_a_value_without_a_release_counts_by_the_rule_that_was_said(rule, event: str, known: str) -> None:
    def ns(text: str) -> np.ndarray:
        return np.array([text], dtype="datetime64[ns]").astype(np.int64)

    assert known_by(rule, ns(event)).tolist() == ns(known).tolist()


def test_a_disk_that_is_full_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "bars_60s" / "A").mkdir(parents=True)
    (tmp_path / "bars_60s" / "A" / "2024-01.parquet.new").symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left on device"):
        write_part(tmp_path, "bars_60s", "A", "2024-01", pl.DataFrame(bars(5)))

    assert list((tmp_path / "bars_60s" / "A").iterdir()) == []
