"""The verb `report`: one page, figures as JSON, and clear failures."""

from bot.records.making import NO_END
from tests.kit.command_line import bot


def test_a_page_is_written_and_its_figures_are_told(finished, tmp_path) -> None:
    out = tmp_path / "page.html"
    said = bot("report", finished, "--out", out, "--json")
    assert said.code == 0
    assert said.json["page"] == str(out) and said.json["picture"] is None
    assert said.json["orders"] > 0 and said.json["sharpe"] is None
    assert f"<h1>{finished.name}</h1>" in out.read_text()


def test_without_a_place_the_page_lies_with_its_run(copied) -> None:
    said = bot("report", copied, "--against", copied)
    assert said.code == 0 and "profit, EUR" in said.out and "Orders that differ" not in said.out
    assert (copied / "report.html").exists() and f"wrote {copied / 'report.html'}" in said.err


def test_a_run_that_was_cut_is_told_as_that_everywhere(copied) -> None:
    assert "ended" not in bot("report", copied).out
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    segment.write_bytes(segment.read_bytes()[:-5_000])
    said, plain = bot("report", copied), bot("report", copied, "--json").json
    assert said.out.splitlines()[0].endswith("(not ended: cut, or still running)")
    assert "this run lacks its end: the journal is not sealed" in said.err
    assert plain["ended"] is False and NO_END in plain["lacks"]
    text = (copied / "report.html").read_text()
    assert f"This run lacks {NO_END}" in text and "not ended: cut, or still running</span>" in text


def test_a_page_that_cannot_be_written_is_temporary(finished, tmp_path) -> None:
    said = bot("report", finished, "--out", tmp_path / "absent" / "page.html")
    assert said.code == 75 and "cannot be written" in said.error


def test_a_picture_without_a_browser_is_not_found(finished, tmp_path) -> None:
    said = bot("report", finished, "--out", tmp_path / "page.html", "--png", PATH=str(tmp_path))
    assert said.code == 3 and (tmp_path / "page.html").exists()


def test_an_unknown_other_run_is_not_found(finished, tmp_path) -> None:
    assert bot("report", finished, "--against", "nobody", "--runs", tmp_path).code == 3
