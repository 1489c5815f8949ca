"""`bot evaluate` as a user meets it: what it prints, what it keeps, what it refuses and by which code."""

from pathlib import Path

import numpy as np
import pytest

from tests.bot.evaluation.test_history import a_history
from tests.kit.command_line import Said, bot


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = a_history(rows=150, width=1)
    path = tmp_path_factory.mktemp("prices") / "BTC-EUR.csv"
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(len(history)):
        values = (history.open, history.high, history.low, history.close, history.volume)
        stamp = history.at_ns[row] // 10**9 - 3600
        lines.append(",".join([str(stamp), *(repr(float(table[row, 0])) for table in values)]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def evaluated(prices: Path, cache: Path, *options: object) -> Said:
    arguments = ("--horizon", "4h", "--bar", "1h", "--no-boosters", *options)
    return bot("evaluate", "prices", prices, *arguments, BOT__CACHE__DIRECTORY=str(cache))


def test_a_file_of_anyones_is_evaluated_and_the_second_time_it_is_known(prices: Path, cache: Path) -> None:
    said, again = evaluated(prices, cache, "--json"), evaluated(prices, cache, "--json")

    assert said.code == 0
    names = ("skill_vs_fhs", "skill_vs_equal_weight", "dm_t", "calibration_error_max", "pinball")
    assert {*names, "coverage_50", "coverage_90", "coverage_98"} <= said.json.keys()
    assert said.json["recipe"] == "prices"
    assert said.json["data"]["symbols"] == ["BTC-EUR"]
    assert said.json["settings"]["horizon_bars"] == 4
    assert said.err == ""
    assert again.out == said.out
    assert len(list((cache / "evaluations").glob("*.json"))) == 1


def test_people_get_the_table_and_a_page(prices: Path, cache: Path, tmp_path: Path) -> None:
    said = evaluated(prices, cache, "--out", tmp_path / "page.html")

    assert said.code == 0
    assert "FHS-EWMA" in said.out
    assert "skill vs FHS %" in said.out
    assert said.err == f"wrote {tmp_path / 'page.html'}\n"
    assert "<svg" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.numbers
def test_other_settings_are_another_evaluation(prices: Path, cache: Path) -> None:
    late = evaluated(prices, cache, "--json", "--from", "2021-01-04")

    assert late.json["settings"]["from"] == "2021-01-04T00:00:00"
    assert np.isfinite(late.json["pinball"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("E3",), 2, "there is no recipe 'E3': expected one of E1, E2, E4, E5, E6, E7, E8, prices or all"),
        (("E8", "--data", "FILE"), 2, "E8 takes no --data; these do: E1, E2, E4, E6, E7, prices"),
        (("E5", "--horizon", "4h"), 2, "E5 takes no --horizon; these do: E1, E2, prices"),
        (("E6", "--agent", "pairs"), 2, "E6 takes no --agent"),
        (("prices", "FILE", "--horizon", "4h", "--agent", "pairs"), 2, "--agent: pairs would be heard twice"),
        (("prices", "FILE", "--horizon", "4h", "--agent", "pears"), 4, "did you mean 'pairs'?"),
        (("prices", "FILE", "--retrain", "1s"), 2, "--retrain was 1 s, expected at least 3600 s on this history"),
        (("E8", "--out", "/nowhere/page.html"), 4, "/nowhere/page.html cannot be written: No such file"),
        (("E7", "--data", "/nowhere/book.gz"), 3, "/nowhere/book.gz: no such file, expected a recording"),
        (("E7", "--data", "/proc"), 4, "/proc: cannot be read: Is a directory, expected a recording"),
        (("prices", "."), 4, "is a directory, expected a table"),
        (("prices",), 2, "needs at least one file"),
        (("prices", "missing.csv"), 3, "no such file"),
        (("E2", "--horizon", "90m", "--data", "FILE"), 2, "no whole number of bars"),
        (
            ("prices", "FILE", "--from", "1999-01-01"),
            4,
            "1999-01-01T00:00:00, before the first price: prices go",
        ),
        (("prices", "FILE", "--from", "2199-01-01"), 4, "at the last price or after it: prices go"),
        (("prices", "FILE", "--bar", "25m"), 4, "cannot be made into bars of 1500 s"),
        (("prices", "FILE", "--data", "FILE"), 2, "given twice"),
        (("all", "FILE"), 2, "takes no files"),
        (("prices", "FILE", "--horizon", "soon"), 2, "expected a number and one of"),
        (("prices", "FILE", "--from", "yesterday"), 2, "expected a date"),
        (("prices", "FILE", "--from", "9999-01-01"), 2, "was '9999-01-01', expected a date from 1900 to 2200"),
        (("prices", "FILE", "--bar", "1e300d"), 2, "was '1e300d', expected 0.001s to 100y"),
        (("prices", "FILE", "--bar", "101y"), 2, "expected 0.001s to 100y"),
        (("prices", "FILE", "--bar", "0h"), 2, "was '0h', expected 0.001s to 100y"),
        (("prices", "FILE", "--window", "-1d"), 2, "was '-1d', expected 0.001s to 100y"),
        (("prices", "FILE", "--retrain", "nan"), 2, "was 'nan', expected a number and one of"),
        (("prices", "FILE", "--horizon", "1e999d"), 2, "was '1e999d', expected 0.001s to 100y"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(prices: Path, arguments: tuple, code: int, said: str) -> None:
    failed = bot("evaluate", *(prices if each == "FILE" else each for each in arguments))

    assert failed.code == code
    assert said in failed.error


def test_a_damaged_file_is_named_by_its_cell(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,close\n2021-01-01,100\n2021-01-02,abc\n")

    failed = bot("evaluate", "prices", tmp_path / "x.csv")

    assert failed.code == 10
    assert "row 2: was 'abc'" in failed.error


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [f"2021-01-0{day},{day},5" for day in range(1, 9)],
            "close of BBB is 5 in all its 8 rows: it never moves",
        ),
        (["2021-01-01,1,", "2021-01-02,2,7"], "the close of BBB is 7 and is there in one row only"),
    ],
)
def test_prices_that_never_move_are_named(tmp_path: Path, rows: list[str], said: str) -> None:
    (tmp_path / "x.csv").write_text("\n".join(["date,AAA,BBB", *rows]))

    failed = bot("evaluate", "prices", tmp_path / "x.csv")

    assert failed.code == 4
    assert said in failed.error


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("raise RuntimeError('no idea')", "mine.py crashed in row 0: RuntimeError: no idea; try it with `bot agents"),
        ("return Evidence.of([0.1, 0.2], 0.01)", "mine.py crashed in row 0: it answered for 2 instruments; try it"),
    ],
)
def test_an_agent_of_ones_own_that_breaks_is_told_as_its_own_fault(
    prices: Path, cache: Path, tmp_path: Path, answer: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text(
        "from actors.agents.base import Agent\nfrom actors.agents.view import Evidence\n\n\n"
        f"class Mine(Agent):\n    def on_frame(self, view):\n        print('hello')\n        {answer}\n"
    )

    failed = evaluated(prices, cache, "--json", "--agent", tmp_path / "mine.py")

    assert (failed.code, failed.out) == (4, "")
    assert said in failed.err.splitlines()[-1]


def test_help_names_recipes_codes_and_examples() -> None:
    said = bot("evaluate", "--help", COLUMNS="200")

    for word in ("E1", "E8", "prices", "--horizon", "--out", "Exit 0", "bot evaluate E1 --json"):
        assert word in said.out
