"""`bot data`: history in and out, as a user sees it."""

import json
import os
from pathlib import Path

import pytest

from bot.cli import data_options
from tests.kit.catalogs import candles, csv_of
from tests.kit.command_line import REPOSITORY, bot

MONEY = (
    "--quote", "USDT", "--venue", "v", "--tick", "derived", "--lot", "0.1", "--min-notional", "5",
    "--max-quantity", "900", "--fee-bps", "10,8", "--no-short", "--leverage-max", "1",
)  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    assert bot("data", "make", "--into", tmp_path / "made", "--instruments", 2, "--bars", 150).code == 0
    return tmp_path / "made"


def test_a_made_data_set_is_listed_and_checked(dataset: Path) -> None:
    (listed,) = bot("data", "list", dataset.parent, "--json").json["datasets"]
    checked = bot("data", "check", dataset, "--json").json

    assert (listed["name"], listed["instruments"], listed["lacking"]) == ("made", ["M000-EUR", "M001-EUR"], {})
    assert [(kind["kind"], kind["rows"]) for kind in listed["kinds"]] == [("bars_60s", 300)]
    assert (checked["rows"], checked["errors"]) == (300, 0)
    assert "bars_60s        2 names          300 rows" in bot("data", "list", dataset).out


def test_a_directory_of_files_is_imported_and_passed_over_the_next_time(tmp_path: Path) -> None:
    for number in range(2):
        candles(tmp_path / f"S{number}USDT.csv", seed=number)
    first = bot("data", "import", tmp_path, "--into", tmp_path / "x", "--bar", "1m", *MONEY, "--json").json
    again = bot("data", "import", tmp_path, "--into", tmp_path / "x", "--bar", "1m", *MONEY)

    assert (first["new_rows"], first["instruments"], first["lacking"]) == (600, ["S0USDT", "S1USDT"], {})
    assert "0 new rows, 2 files were in already" in again.out
    assert "terms change nothing for files that were in already" in again.err


def test_what_lacks_terms_is_told_with_the_flags_and_they_can_be_said(tmp_path: Path) -> None:
    bot("data", "import", candles(tmp_path / "AUSDT.csv"), "--into", tmp_path / "x")
    told = bot("data", "list", tmp_path / "x").out
    said = bot("data", "terms", tmp_path / "x", *MONEY, "--json").json

    assert "AUSDT has no venue (--venue), base (--base), quote (--quote)" in told
    assert said["lacking"] == {}


def test_bad_rows_are_code_4_and_leave_nothing(tmp_path: Path) -> None:
    path = candles(tmp_path / "A.csv", 100, volume=[-1.0] + [1.0] * 99)
    said = bot("data", "import", path, "--into", tmp_path / "x")
    checked = bot("data", "check", path)

    assert (said.code, checked.code) == (4, 4)
    assert f"error: {path}: A, column 'volume': below 0: row 1, 2024-01-01T00:01:00Z -1" in said.err
    assert "100 rows checked: 1 errors" in checked.out
    assert os.listdir(tmp_path) == ["A.csv"]
    assert "left out: below 0" in bot("data", "import", path, "--into", tmp_path / "x", "--repair").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "absent"), 3, "no such file"),
        (("list", "absent"), 3, "no such directory"),
        (("import", "absent.csv", "--into", "x"), 3, "no such file"),
        (("import", "a.csv", "--into", "x", "--kind", "ticks"), 2, "--kind was 'ticks'"),
        (("import", "a.csv", "--into", "x", "--fee-bps", "ten"), 2, "--fee-bps was 'ten'"),
        (("import", "a.csv", "--into", "x", "--kind", "context", "--column", "CLOSE"), 2, "expected COLUMN=NAME"),
        (("import", "a.csv", "--into", "x", "--bar", "5"), 2, "expected a number and one of"),
        (("resample", "absent", "--bar", "1h"), 3, "no data set there"),
        (("export", "absent", "--to", "out"), 3, "no data set there"),
        (("terms", "absent", "--lot", "1"), 3, "no data set there"),
        (("export", ".", "--to", "out"), 4, "no data set there"),
        (("make", "--into", "x", "--instruments", "0"), 2, "--instruments"),
        (("make", "--into", "x", "--bars", "99999999999"), 2, "--bars"),
        (
            ("make", "--into", "x", "--bars", "300", "--bar", "1y"),
            4,
            "300 bars of 3.15576e+07 s would end after",
        ),
        (("import", "a.csv", "--into", "x", "--tick", "nan"), 2, "--tick was 'nan', expected a number above 0"),
        (("import", "a.csv", "--into", "x", "--lot", "0"), 2, "--lot was '0', expected a number above 0"),
        (("import", "a.csv", "--into", "x", "--leverage-max", "-1"), 2, "--leverage-max was '-1'"),
        (("import", "a.csv", "--into", "x", "--fee-bps", "nan"), 2, "--fee-bps was 'nan'"),
        (("import", "a.csv", "--into", "x", "--fee-bps", "10,inf"), 2, "--fee-bps was 'inf'"),
        (("export", "absent", "--to", "/proc/out"), 4, "/proc/out cannot be used as a directory"),
    ],
)
def test_wrong_usage_and_absent_files_have_their_codes(tmp_path: Path, arguments, code: int, said: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        answer = bot("data", *arguments)

    assert answer.code == code and said in answer.error
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", ["csv", "parquet", "feather"])
def test_what_is_exported_can_be_imported_and_is_the_same(dataset: Path, form: str) -> None:
    out = dataset.parent / "out"
    files = bot("data", "export", dataset, "--to", out, "--format", form, "--json").json["files"]
    bot("data", "import", out / "bars_60s", "--into", dataset.parent / "again", "--bar", "1m")

    assert len(files) == 2
    same = ("kinds", "instruments")
    before, after = (
        bot("data", "list", path, "--json").json["datasets"][0] for path in (dataset, dataset.parent / "again")
    )
    assert [before[name] for name in same] == [after[name] for name in same]


def test_context_is_imported_by_the_rule_that_was_said(dataset: Path) -> None:
    path = csv_of(dataset.parent / "vix.csv", {"DATE": ["2024-01-05"], "CLOSE": [13.35]})
    refused = bot("data", "import", path, "--into", dataset, "--kind", "context", "--column", "CLOSE=vix")
    taken = bot(
        "data", "import", path, "--into", dataset, "--kind", "context", "--column", "CLOSE=vix",
        "--known", "next-trading-day", "--json",
    ).json  # fmt: skip

    assert refused.code == 4 and "no column says when a row was known" in refused.error
    assert [kind["first"] for kind in taken["kinds"] if kind["kind"] == "context"] == ["2024-01-08T00:00:00Z"]


def test_an_option_that_says_nothing_about_what_comes_in_is_refused(tmp_path: Path) -> None:
    vix = csv_of(tmp_path / "vix.csv", {"date": ["2024-01-01"], "CLOSE": [12.5], "HIGH": [13.0]})
    into, figure = ("--into", tmp_path / "x"), ("--column", "CLOSE=vix", "--known", "next-day", "--kind", "context")

    for said, options in (
        ("--repair says nothing about rows that are no bars", (*figure, "--repair")),
        ("--bar says nothing about rows that are no bars", (*figure, "--bar", "1d")),
        ("--known says nothing about bars", ("--known", "next-day")),
        ("--column says 'vix' of two columns", (*figure, "--column", "HIGH=vix")),
    ):
        refused = bot("data", "import", vix, *into, *options)
        assert refused.code == 2 and said in refused.err
    assert not (tmp_path / "x").exists()


def test_longer_bars_are_made(dataset: Path) -> None:
    said = bot("data", "resample", dataset, "--bar", "1h", "--json").json

    assert [(kind["kind"], kind["rows"]) for kind in said["kinds"]] == [("bars_3600s", 4), ("bars_60s", 300)]
    assert bot("data", "resample", dataset, "--bar", "1h").code == 4


def test_ten_gigabytes_of_nothing_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "A.csv").touch()
    os.truncate(tmp_path / "A.csv", 10_000_000_000)
    said = bot("data", "import", tmp_path / "A.csv", "--into", tmp_path / "x")

    assert said.code == 4 and "zero byte at 0, expected text" in said.error


def test_options_of_places_say_what_they_take() -> None:
    assert json.loads(json.dumps(data_options.ROW_KINDS)) == ["quotes", "trades", "books", "funding", "context"]


def test_an_export_into_a_directory_that_is_there_is_refused(dataset: Path) -> None:
    (dataset.parent / "out").mkdir()
    said = bot("data", "export", dataset, "--to", dataset.parent / "out")

    assert said.code == 4 and "out is there already" in said.error


def test_a_place_that_takes_no_file_is_told_as_temporary(dataset: Path) -> None:
    (dataset.parent / ".out.exporting").touch()
    said = bot("data", "export", dataset, "--to", dataset.parent / "out")

    assert said.code == 75 and "cannot be written: File exists" in said.error


@pytest.mark.parametrize("how", ["missing", "altered"])
def test_what_is_damaged_is_not_exported_or_resampled(dataset: Path, how: str) -> None:
    part = next(dataset.rglob("*.parquet"))
    content = part.read_bytes()
    part.unlink() if how == "missing" else part.write_bytes(content[:-50] + b"x" + content[-49:])
    for words in (("export", dataset, "--to", dataset.parent / "out"), ("resample", dataset, "--bar", "5m")):
        said = bot("data", *words)
        assert said.code == 4
        assert "is damaged" in said.err and part.name in said.err
    assert not (dataset.parent / "out").exists()


def test_a_file_is_no_directory_of_data_sets(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = bot("data", "list", tmp_path / "file")

    assert said.code == 4 and "is no directory, expected a data set" in said.error


def test_the_page_about_data_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block of it, line by line."""
    page = (REPOSITORY / "docs" / "data.md").read_text(encoding="utf-8")
    block = page.split("```console\n")[1].split("```")[0]
    commands = [line.removeprefix("$ python -m bot ").split() for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)

    for command in commands:
        assert bot(*command).code == 0, command
    assert bot(*commands[-1]).json["datasets"][0]["lacking"] == {}


def test_names_that_are_none_are_refused(dataset: Path) -> None:
    for options, said in (
        (("--symbols", " , ", "--quote", "USDT"), "--symbols was ' , ', expected names"),
        (("--quote", " "), "--quote was ' ', expected a name"),
        (("--venue", "a\nb"), "expected a name"),
    ):
        refused = bot("data", "terms", dataset, *options)
        assert refused.code == 2 and said in refused.err
