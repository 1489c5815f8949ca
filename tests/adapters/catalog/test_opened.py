"""A data set as it is opened: aligned blocks, money never assumed, nothing before it was known, damage named."""

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.catalog import blocks
from adapters.catalog.manifest import Manifest, Terms, read_manifest, write_manifest
from adapters.catalog.opened import open_dataset
from adapters.catalog.parts import ROW_GROUP, damages
from contracts.history import BarBlock, DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, made

FOREVER = 2**62


def whole(found: list[BarBlock]) -> BarBlock:
    return BarBlock(*(np.concatenate(column) for column in zip(*found)))


def with_holes(length: int, seed: int, lost: list[int]) -> dict[str, np.ndarray]:
    keep = np.setdiff1d(np.arange(length), lost)
    return {name: values[keep] for name, values in bars(length, seed).items()}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return made(tmp_path / "two", {"BBB": bars(500, 1), "AAA": with_holes(500, 2, [10, 11, 499])})


@pytest.mark.numbers
@settings(max_examples=25)
@given(
    lost=st.lists(st.lists(st.integers(0, 299), max_size=30), min_size=1, max_size=3),
    cells=st.sampled_from([64, 300, 1 << 21]),
    start=st.integers(-400, 50),
    length=st.integers(1, 700),
    offset_s=st.sampled_from([0, 17]),
)
def test_blocks_are_the_union_of_stamps_with_nan_where_nothing_is(
    tmp_path_factory: pytest.TempPathFactory, lost, cells, start, length, offset_s
) -> None:
    from_month = JANUARY_NS + 31 * 86_400_000_000_000 - 150 * MINUTE_NS
    histories = {}
    for number, holes in enumerate(lost):
        columns = bars(300, number, start_ns=from_month + offset_s * 1_000_000_000 * number)
        keep = np.setdiff1d(np.arange(300), holes)
        histories[f"S{number}"] = {name: values[keep] for name, values in columns.items()}
    dataset = open_dataset(made(tmp_path_factory.mktemp("d") / "x", histories))
    span = (from_month + start * MINUTE_NS, from_month + (start + length) * MINUTE_NS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CELLS_MAX", cells)
        found = list(dataset.bars(60.0, *span))

    inside = [h["close_ns"][(h["close_ns"] >= span[0]) & (h["close_ns"] < span[1])] for h in histories.values()]
    stamps = np.unique(np.concatenate(inside))
    assert np.concatenate([np.empty(0), *(block.close_ns for block in found)]).tolist() == stamps.tolist()
    for column, (symbol, history) in enumerate(histories.items()):
        expected = np.full(len(stamps), np.nan)
        within = np.isin(history["close_ns"], stamps)
        expected[np.searchsorted(stamps, history["close_ns"][within])] = history["close"][within]
        got = np.concatenate([np.empty(0), *(block.close[:, column] for block in found)])
        assert np.array_equal(got, expected, equal_nan=True), symbol


def test_columns_follow_the_symbols_that_were_asked_for(two: Path) -> None:
    dataset = open_dataset(two)
    block = whole(list(dataset.bars(60.0, 0, FOREVER, ("BBB", "AAA"))))

    assert dataset.symbols == ("AAA", "BBB")
    assert block.close.shape == (500, 2) and block.close.flags.c_contiguous
    assert block.close[:, 0].tolist() == bars(500, 1)["close"].tolist()
    assert np.flatnonzero(np.isnan(block.high[:, 1])).tolist() == [10, 11, 499]
    assert np.isnan(block.bid).all() and np.isnan(block.trades).all()


def test_a_long_part_is_read_over_several_row_groups(tmp_path: Path) -> None:
    dataset = open_dataset(made(tmp_path / "x", {"A": bars(2 * ROW_GROUP + 5)}))
    late = JANUARY_NS + (ROW_GROUP + 3) * MINUTE_NS

    assert len(whole(list(dataset.bars(60.0, 0, FOREVER))).close_ns) == 2 * ROW_GROUP + 5
    assert next(dataset.bars(60.0, late, FOREVER)).close_ns[0] == late


def test_the_span_and_an_empty_range(two: Path) -> None:
    dataset = open_dataset(two)

    assert dataset.span(60.0) == (JANUARY_NS + MINUTE_NS, JANUARY_NS + 500 * MINUTE_NS)
    assert list(dataset.bars(60.0, 0, JANUARY_NS)) == []


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda d: d.bars(300.0, 0, FOREVER), "has no bars of 300 s, only of 60 s"),
        (lambda d: d.span(0.0), "has no rows, only bars"),
        (lambda d: d.bars(60.0, 0, FOREVER, ("CCC",)), "has no CCC; it has AAA, BBB"),
        (lambda d: d.universe(("CCC",)), "has no CCC"),
        (lambda d: d.universe(("AAA", "BBB", "AAA")), "AAA of data set .* was asked for twice"),
        (lambda d: d.rows(frozenset({"ticks"}), 0, FOREVER), "rows of kind ticks asked for"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(two: Path, ask, said: str) -> None:
    with pytest.raises(DatasetUnusable, match=said):
        ask(open_dataset(two))


def test_an_instrument_without_terms_is_named_with_the_flags_that_say_them(two: Path) -> None:
    manifest = read_manifest(two)
    lacking = [msgspec.structs.replace(manifest.terms()["AAA"], tick=None, fee_taker_bps=None), Terms(symbol="BBB")]
    write_manifest(two, msgspec.structs.replace(manifest, instruments=tuple(lacking)))

    with pytest.raises(DatasetUnusable) as refused:
        open_dataset(two).universe()

    first, second = refused.value.problems
    assert first == "AAA has no tick (--tick), fee_taker_bps (--fee-bps)"
    assert second.startswith("BBB has no venue (--venue), base (--base)")
    assert open_dataset(two).symbols == ("AAA", "BBB")


def test_a_universe_is_exact(two: Path) -> None:
    (instrument,) = open_dataset(two).universe(("BBB",)).instruments

    assert (instrument.symbol, instrument.tick, instrument.lot) == ("BBB", Decimal("0.01"), Decimal("0.1"))


def test_equal_content_has_equal_digests_whatever_the_name_and_the_order(tmp_path: Path) -> None:
    one = made(tmp_path / "one", {"A": bars(50, 1), "B": bars(50, 2)})
    other = made(tmp_path / "other", {"B": bars(50, 2), "A": bars(50, 1)})
    different = made(tmp_path / "different", {"A": bars(50, 1), "B": bars(50, 3)})

    assert open_dataset(one).digest == open_dataset(other).digest != open_dataset(different).digest


@pytest.mark.parametrize("harm", ["cut", "flip", "gone"])
def test_a_damaged_part_is_named(two: Path, harm: str) -> None:
    (part,) = [part for part in read_manifest(two).parts if part.name == "AAA"]
    path = two / part.path
    content = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    if harm == "flip":
        path.write_bytes(content[:2000] + bytes([content[2000] ^ 255]) + content[2001:])

    assert len(damages(two, read_manifest(two).parts)) == 1
    if harm != "flip":
        with pytest.raises(DatasetUnusable, match=r"AAA/2024-01\.parquet"):
            list(open_dataset(two).bars(60.0, 0, FOREVER))


def test_a_bar_that_the_manifest_dates_otherwise_is_not_handed_out(two: Path) -> None:
    manifest = read_manifest(two)
    early = tuple(msgspec.structs.replace(part, last_ns=part.last_ns - MINUTE_NS) for part in manifest.parts)
    write_manifest(two, msgspec.structs.replace(manifest, parts=early))

    with pytest.raises(DatasetUnusable, match="not in the order of their closes"):
        list(open_dataset(two).bars(60.0, 0, FOREVER))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no manifest"),
        (b'{"name": "x", "instruments": [{"symbol": "A", "tick": "x"}]}', "is no manifest"),
        (msgspec.json.encode(Manifest(name="x", format=9)), "format was 9, expected 1"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)

    with pytest.raises(DatasetUnusable, match=said):
        open_dataset(tmp_path)
    with pytest.raises(DatasetUnusable, match="no data set there"):
        open_dataset(tmp_path / "absent")


def test_a_bar_between_the_stamps_is_not_lost_at_the_edge_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "CELLS_MAX", 64)
    columns = bars(200)
    extra = {name: np.insert(values, 64, values[64]) for name, values in columns.items()}
    extra["close_ns"][64] = columns["close_ns"][63] + MINUTE_NS // 2
    dataset = open_dataset(made(tmp_path / "x", {"A": extra}))

    assert whole(list(dataset.bars(60.0, 0, FOREVER))).close_ns.tolist() == extra["close_ns"].tolist()


def test_a_part_that_is_said_to_lie_elsewhere_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x", {"A": bars(10)})
    told = (path / "manifest.json").read_text()
    for place, month in (("../../etc/passwd", "2024-01"), ("bars_60s/A/../../x.parquet", "../../x")):
        other = told.replace("bars_60s/A/2024-01.parquet", place).replace('"2024-01"', f'"{month}"')
        (path / "manifest.json").write_text(other)
        with pytest.raises(DatasetUnusable, match="expected its place inside"):
            open_dataset(path)
