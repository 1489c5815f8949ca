"""What was found is told in lines, a bounded number of them."""

import pytest

from bot.cli import data_telling
from bot.data.judging import Told


def test_no_more_than_so_many_kinds_of_findings_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_telling, "LINES_TOLD", 2)
    found = [
        Told(
            file="a.csv", symbol="A", level="warning", what=f"odd {kind}", column="close", count=1, places=1,
            examples=(f"row {kind}",),
        )
        for kind in range(5)
    ]  # fmt: skip
    data_telling.tell_findings(found)

    said = capsys.readouterr()
    assert said.out.splitlines() == [each.line() for each in found[:2]]
    assert "and 3 more; --json has them all" in said.err
