"""Files come into a data set whole, checked and once; what is refused or interrupted leaves no half."""

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from adapters.catalog.manifest import read_manifest
from adapters.catalog.opened import open_dataset
from adapters.tables.errors import MissingTable, UnreadableTable
from bot.data.checked import check_dataset, check_file
from bot.data.importing import BarReading, SaidTerms, import_bars, source_of
from bot.data.judging import lines
from bot.data.saying import say_terms
from contracts.history import DatasetUnusable
from quant.checking import GAP, STUCK, ZERO_VOLUME
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, candles, csv_of
from tests.kit.recordings import recording

FOREVER = 2**62
NOTHING_SAID = SaidTerms()
MONEY = SaidTerms(
    {"venue": "v", "quote": "USDT", "lot": "0.1", "notional_min": "5", "quantity_max": "900", "can_short": False}
    | {"leverage_max": "1", "fee_taker_bps": 10.0, "fee_maker_bps": 8.0},
    tick_derived=True,
)


def take(files: list[Path], target: Path, said: SaidTerms = NOTHING_SAID, advance=lambda size: None, **reading):
    return import_bars(files, target, BarReading(60.0, **reading), said, advance)


def faulty(path: Path, length: int = 50) -> Path:
    """Row 11 has a negative low, row 21 is told twice, rows 31 and 32 are exchanged."""
    columns = bars(length)
    columns["low"][10] = -1.0
    for values in columns.values():
        values[20] = values[19]
        values[[30, 31]] = values[[31, 30]]
    opened_ms = (columns.pop("close_ns") - MINUTE_NS) // 1_000_000
    return csv_of(path, {"open_time": opened_ms, **columns})


def test_a_file_comes_in_as_it_is_and_can_be_traded_on(tmp_path: Path) -> None:
    done = take([candles(tmp_path / "AAAUSDT.csv", 200)], tmp_path / "x", MONEY)

    dataset = open_dataset(tmp_path / "x")
    (block,) = dataset.bars(60.0, 0, FOREVER)
    (instrument,) = dataset.universe().instruments
    assert done.rows == 200 and done.findings == []
    assert all(np.array_equal(getattr(block, name)[:, 0], bars(200)[name]) for name in ("open", "close", "volume"))
    assert (instrument.symbol, instrument.base, instrument.tick) == ("AAAUSDT", "AAA", Decimal("0.01"))
    assert (instrument.fee_taker_bps, instrument.fee_maker_bps) == (10.0, 8.0)


def test_bars_without_terms_come_in_and_cannot_be_traded_on_until_they_are_said(tmp_path: Path) -> None:
    take([candles(tmp_path / "AAAUSDT.csv")], tmp_path / "x")

    with pytest.raises(DatasetUnusable, match=r"AAAUSDT has no venue \(--venue\)"):
        open_dataset(tmp_path / "x").universe()
    say_terms(tmp_path / "x", ["AAAUSDT"], MONEY)
    assert len(open_dataset(tmp_path / "x").universe()) == 1
    with pytest.raises(DatasetUnusable, match="has no BBB"):
        say_terms(tmp_path / "x", ["BBB"], MONEY)


def test_errors_are_refused_with_file_row_and_column_and_nothing_is_left(tmp_path: Path) -> None:
    good, bad = candles(tmp_path / "good.csv"), faulty(tmp_path / "bad.csv")

    with pytest.raises(DatasetUnusable) as refused:
        take([good, bad], tmp_path / "x")

    text = str(refused.value)
    assert f"{bad}: 3 errors; nothing was imported" in text
    assert "column 'low': price not above 0: row 11, 2024-01-01T00:11:00Z open" in text
    assert "column 'open_time': bar twice: row 21" in text
    assert "column 'open_time': not in order of time: row 32" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "good.csv"]


def test_a_repair_writes_a_new_data_set_that_says_what_was_left_out(tmp_path: Path) -> None:
    done = take([faulty(tmp_path / "bad.csv")], tmp_path / "x", repair=True)

    (block,) = open_dataset(tmp_path / "x").bars(60.0, 0, FOREVER)
    kept = np.delete(bars(50)["close_ns"], [10, 20])
    assert block.close_ns.tolist() == kept.tolist() and (np.diff(block.close_ns) > 0).all()
    assert {(each.what.partition(":")[0], each.rows) for each in done.manifest.repairs} == {
        ("left out", 1),
        ("sorted", 1),
    }
    assert sum(each.rows for each in done.manifest.repairs if each.what.startswith("left out")) == 2
    with pytest.raises(DatasetUnusable, match="--repair only writes a new data set"):
        take([faulty(tmp_path / "bad.csv")], tmp_path / "x", repair=True)


def test_an_interrupted_import_goes_on_where_it_was(tmp_path: Path) -> None:
    files = [candles(tmp_path / f"S{number}.csv", seed=number) for number in range(3)]
    seen: list[int] = []

    def interrupt(size: int) -> None:
        seen.append(size)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(files, tmp_path / "x", advance=interrupt)
    assert not (tmp_path / "x").exists()

    with pytest.raises(DatasetUnusable, match=r"an import of S0\.csv, S1\.csv was interrupted"):
        take(files[2:], tmp_path / "x")
    done = take(files, tmp_path / "x")
    assert (done.skipped, done.rows) == (2, 300)
    assert open_dataset(tmp_path / "x").symbols == ("S0", "S1", "S2")
    assert take(files, tmp_path / "x").skipped == 3


def test_a_range_is_cut_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    file = candles(tmp_path / "A.csv", 100)
    take([file], tmp_path / "x", from_ns=JANUARY_NS + 10 * MINUTE_NS, to_ns=JANUARY_NS + 20 * MINUTE_NS)

    assert read_manifest(tmp_path / "x").parts[0].rows == 10
    with pytest.raises(DatasetUnusable, match=r"A\.csv: none of its 100 rows closes in the range"):
        take([file], tmp_path / "y", to_ns=JANUARY_NS)
    with pytest.raises(MissingTable, match="no such file"):
        take([tmp_path / "absent.csv"], tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_times_of_several_zones_are_refused_and_repaired_each_by_its_own(tmp_path: Path) -> None:
    times = ["2024-01-01T00:00:00+01:00", "2024-01-01T00:01:00+01:00", "2023-12-31T23:02:00+00:00"]
    path = csv_of(tmp_path / "A.csv", {"date": times, "close": [1.0, 1.1, 1.2]})

    with pytest.raises(DatasetUnusable, match=r"A\.csv: column 'date', row 3: .* expected offset \+01:00"):
        take([path], tmp_path / "x")
    take([path], tmp_path / "x", repair=True)
    assert read_manifest(tmp_path / "x").parts[0].last_ns == JANUARY_NS - 58 * MINUTE_NS


def test_bars_that_would_overlap_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnusable, match="rows lie 60 s apart, expected 420 s"):
        import_bars([candles(tmp_path / "A.csv")], tmp_path / "x", BarReading(420.0), NOTHING_SAID, lambda size: None)

    assert not (tmp_path / "x").exists()


def test_bars_longer_than_was_said_are_refused_as_they_would_be_known_too_early(tmp_path: Path) -> None:
    path = candles(tmp_path / "A.csv")

    with pytest.raises(DatasetUnusable, match=r"multiples of 60s, expected 30s.* give --bar 60s"):
        import_bars([path], tmp_path / "x", BarReading(30.0), NOTHING_SAID, lambda size: None)
    with pytest.raises(DatasetUnusable, match="multiples of 60s"):
        check_file(path, BarReading(30.0))
    assert not (tmp_path / "x").exists()


def stamped(path: Path, opened: np.ndarray) -> Path:
    """Bars that open at these instants, as `datetime64`."""
    return csv_of(
        path, {"open_time": opened.astype("datetime64[ms]").astype(np.int64), "close": np.full(len(opened), 9.5)}
    )


DAY = np.datetime64("2024-01-01")
WEEKS = DAY + 7 * np.arange(60)
MONTHS = (np.datetime64("2021-01") + np.arange(14)).astype("datetime64[D]")
HOURS = DAY + np.timedelta64(570, "m") + np.timedelta64(60, "m") * np.arange(40)


@pytest.mark.parametrize(
    ("opened", "bar_s", "said"),
    [
        (WEEKS + (np.arange(60) % 9 == 4), 86_400.0, "59 of 59 .* are about 7d, expected 1d: .* give --bar 7d"),
        (MONTHS, 86_400.0, "13 of 13 .* are about 31d, expected 1d: .* give --bar 31d"),
        (MONTHS, 604_800.0, "about 31d, expected 7d"),
        (np.append(HOURS, HOURS[-1] + np.timedelta64(30, "m")), 1_800.0, "39 of 40 .* about 3600s, expected 1800s"),
    ],
)
def test_weeks_and_months_are_no_days(tmp_path: Path, opened: np.ndarray, bar_s: float, said: str) -> None:
    with pytest.raises(DatasetUnusable, match=said):
        check_file(stamped(tmp_path / "A.csv", opened), BarReading(bar_s))


def sparse(seed: int) -> np.ndarray:
    """Every tenth minute, by chance."""
    return DAY + np.timedelta64(1, "m") * np.append(0, 1 + np.cumsum(np.random.default_rng(seed).geometric(0.1, 31)))


@pytest.mark.parametrize(
    ("opened", "bar_s"),
    [
        (np.arange(DAY, DAY + 90)[np.is_busday(np.arange(DAY, DAY + 90))], 86_400.0),
        (np.delete(DAY + np.arange(90), [1, 30, 31, 32, 60]), 86_400.0),
        (MONTHS[:10], 86_400.0),
        *((sparse(seed), 60.0) for seed in range(20)),
    ],
)
def test_days_without_weekends_and_sparse_markets_are_what_was_said(tmp_path: Path, opened, bar_s: float) -> None:
    assert check_file(stamped(tmp_path / "A.csv", opened), BarReading(bar_s)).rows == len(opened)


def test_a_single_row_needs_the_length_of_a_bar(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "A.csv", {"date": ["2024-01-01"], "close": [1.0]})

    with pytest.raises(DatasetUnusable, match="say it with --bar"):
        import_bars([path], tmp_path / "x", BarReading(), NOTHING_SAID, lambda size: None)


def test_what_is_the_same_in_many_instruments_is_said_once(tmp_path: Path) -> None:
    files = []
    for number in range(3):
        columns = bars(60, number)
        columns["volume"][7] = 0.0
        files.append(csv_of(tmp_path / f"S{number}.csv", columns))
    (line,) = lines(take(files, tmp_path / "x").findings)

    assert line.startswith(f"warning: {files[0]}: S0, column 'volume': no volume: row 8, 2024-01-01T00:08:00Z 0 ")
    assert line.endswith("(3 instruments: S0, S1, S2)")


def test_a_data_set_is_checked_byte_by_byte(tmp_path: Path) -> None:
    take([candles(tmp_path / "A.csv")], tmp_path / "x")
    assert check_dataset(tmp_path / "x", None, lambda rows: None).findings == []

    part = tmp_path / "x" / read_manifest(tmp_path / "x").parts[0].path
    content = bytearray(part.read_bytes())
    content[900] ^= 1
    part.write_bytes(content)
    with pytest.raises(DatasetUnusable, match="its bytes are not those that were written"):
        check_dataset(tmp_path / "x", None, lambda rows: None)


@pytest.mark.numbers
def test_the_recorded_candles_have_one_outage_and_nothing_that_is_not_there(tmp_path: Path) -> None:
    folder = recording("candles_binance_5m")
    files = sorted(folder.glob("*.parquet"))
    done = import_bars(files, tmp_path / "x", BarReading(300.0), MONEY, lambda size: None)

    assert done.rows == 5 * 69_968 and len(open_dataset(tmp_path / "x").universe()) == 5
    for file in files:
        found = {(each.what, each.level): each for each in check_file(file, BarReading(300.0)).findings}
        assert set(found) == {(GAP, "warning"), (ZERO_VOLUME, "warning"), (STUCK, "warning")}
        assert found[GAP, "warning"].examples == (
            "row 67833, 85 min between 2023-03-24T12:40:00Z and 2023-03-24T14:05:00Z, 16 missing",
        )
        assert (found[ZERO_VOLUME, "warning"].count, found[STUCK, "warning"].count) == (14, 14)
    assert len(check_dataset(tmp_path / "x", None, lambda rows: None).findings) == 3 * 5


def test_a_derived_tick_holds_all_prices_that_ever_came(tmp_path: Path) -> None:
    fine = csv_of(tmp_path / "A_2024-01-01.csv", {"date": ["2024-01-01", "2024-01-02"], "close": [1.001, 1.25]})
    coarse = csv_of(tmp_path / "A_2024-01-03.csv", {"date": ["2024-01-03", "2024-01-04"], "close": [1.5, 1.25]})
    for path in (fine, coarse):
        import_bars([path], tmp_path / "x", BarReading(), MONEY, lambda size: None)

    (terms,) = read_manifest(tmp_path / "x").instruments
    assert (terms.symbol, terms.tick) == ("A", Decimal("0.001"))


def test_a_file_is_looked_at_before_its_digest_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "A.csv"
    path.touch()
    os.truncate(path, 10_000_000_000)

    with pytest.raises(UnreadableTable, match="zero byte at 0"):
        source_of(path, "")


def test_a_file_of_another_name_is_another_instrument_whatever_its_bytes(tmp_path: Path) -> None:
    files = [candles(tmp_path / name, 30) for name in ("A-1m.csv", "B-1m.csv")]
    done = take(files, tmp_path / "x")

    assert (done.skipped, done.rows) == (0, 60) and open_dataset(tmp_path / "x").symbols == ("A", "B")
    files[0].rename(tmp_path / "A-2024-01.csv")
    assert take([tmp_path / "A-2024-01.csv"], tmp_path / "x").skipped == 1


def test_only_rows_that_were_not_there_are_new(tmp_path: Path) -> None:
    take([candles(tmp_path / "A.csv", 30)], tmp_path / "x", to_ns=JANUARY_NS + 20 * MINUTE_NS)

    assert take([tmp_path / "A.csv"], tmp_path / "x").rows == 11


@pytest.mark.parametrize("name", ["A" * 201, "\u00e9" * 34, "A\nB", ""])
def test_a_name_that_no_directory_has_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    path = candles(tmp_path / "A.csv", 30)

    with pytest.raises(DatasetUnusable, match="is no name of an instrument"):
        take([path], tmp_path / "x", symbol=name)
    assert [each.name for each in tmp_path.iterdir()] == ["A.csv"]


def test_a_link_to_a_data_set_stays_one(tmp_path: Path) -> None:
    take([candles(tmp_path / "A.csv", 30)], tmp_path / "x")
    (tmp_path / "y").symlink_to("x")
    take([candles(tmp_path / "B.csv", 30)], tmp_path / "y")

    assert (tmp_path / "y").is_symlink() and open_dataset(tmp_path / "x").symbols == ("A", "B")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["A.csv", "B.csv", "x", "y"]


def test_what_was_before_1970_is_cut_by_nothing_but_what_was_said(tmp_path: Path) -> None:
    days = np.arange(np.datetime64("1969-12-01"), np.datetime64("1970-02-01"))
    path = csv_of(tmp_path / "A.csv", {"date": [str(day) for day in days], "close": np.linspace(80, 90, len(days))})
    day, nothing = BarReading(86_400.0), NOTHING_SAID

    assert import_bars([path], tmp_path / "x", day, nothing, lambda size: None).rows == len(days)
    first, last = open_dataset(tmp_path / "x").span(86_400.0)
    blocks = list(open_dataset(tmp_path / "x").bars(86_400.0, first, last + 1))
    assert first == -31 * 86_400 * 10**9 and sum(len(block.close_ns) for block in blocks) == len(days)
    early = BarReading(86_400.0, to_ns=0)
    assert import_bars([path], tmp_path / "y", early, nothing, lambda size: None).rows == 31
