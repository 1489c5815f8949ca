from pathlib import Path

from bot.evaluation.keeping import KeptReports, cache_directory, key_of
from tests.bot.evaluation.test_report import a_report


def test_a_report_is_found_by_its_key_alone(tmp_path: Path) -> None:
    kept = KeptReports(tmp_path)
    report = a_report(figures={"skill_vs_fhs": 0.1})

    assert kept.keep("k", report)
    assert kept.find("k") == report
    assert kept.find("other") is None


def test_the_key_changes_with_data_code_and_libraries() -> None:
    keys = {
        key_of({"prices": "a"}, "code", {"numpy": "2"}),
        key_of({"prices": "b"}, "code", {"numpy": "2"}),
        key_of({"prices": "a"}, "other", {"numpy": "2"}),
        key_of({"prices": "a"}, "code", {"numpy": "3"}),
    }

    assert len(keys) == 4
    assert key_of({"x": 1, "y": 2}, "c", {}) == key_of({"y": 2, "x": 1}, "c", {})


def test_a_damaged_report_is_no_report(tmp_path: Path) -> None:
    kept = KeptReports(tmp_path)
    kept.keep("k", a_report(figures={}))
    (tmp_path / "evaluations" / "k.json").write_bytes(b'{"recipe": "E1"')

    assert kept.find("k") is None


def test_a_directory_that_takes_nothing_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "evaluations").write_text("a file")

    assert not KeptReports(tmp_path).keep("k", a_report(figures={}))


def test_the_cache_is_where_the_variable_or_the_convention_says() -> None:
    assert cache_directory({"BOT__CACHE__DIRECTORY": "/var/c", "XDG_CACHE_HOME": "/x"}) == Path("/var/c")
    assert cache_directory({"XDG_CACHE_HOME": "/x"}) == Path("/x/keel")
    assert cache_directory({}) == Path.home() / ".cache" / "keel"
