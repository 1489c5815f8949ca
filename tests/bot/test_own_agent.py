"""The agent of one's own in CONTRIBUTING.md, taken from the page as it stands, trades."""

import re

import pytest

from bot.profile import load
from contracts.belief import SignalFrame, Slate
from tests.architecture.source import REPOSITORY
from tests.kit.worlds import last, said, simulate

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")


def block(language: str) -> str:
    """The one block of that language on the page."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The two files of the page in a directory of one's own."""
    (tmp_path / "pullback.py").write_text(block("python"))
    (tmp_path / "mine.toml").write_text(block("toml"))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "mine.toml"


def test_the_agent_of_the_page_speaks_and_is_blended(page) -> None:
    run = simulate(load(str(page), {"BOT__CADENCE__DECIDE_S": "1"}), seconds=2.5, checked=False)
    mine = [each for each in said(run, SignalFrame) if each.agent == "pullback"]
    assert len(mine) == 2
    assert mine[0].horizon_s == 1800
    assert max(abs(mine[0].score.values)) > 0
    assert last(run, Slate).agents == (*load("canary", {}).agents, "pullback")
