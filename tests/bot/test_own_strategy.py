"""The strategy of one's own in docs/strategies.md, taken from the page as it stands, trades in a backtest."""

import re
from pathlib import Path

import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.profile import load
from contracts.trade import Fill
from tests.architecture.source import REPOSITORY
from tests.kit.history_data import a_walk
from tests.kit.journals import read_run

PAGE = (REPOSITORY / "docs" / "strategies.md").read_text("utf-8")


def block(language: str) -> str:
    """The one block of that language on the page."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The two files of the page in the directory one works in."""
    (tmp_path / "new_high.py").write_text(block("python"))
    (tmp_path / "mine.toml").write_text(block("toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.toml"


def test_the_strategy_of_the_page_is_fifteen_lines_and_trades(page) -> None:
    profile = load(str(page), {"BOT__CADENCE__DECIDE_S": "300", "BOT__FEED__WARMUP_BARS": "50"})
    data = a_walk(width=2, times=160, seed=3)
    options = BacktestOptions(page.parent / "runs", int(data.block.close_ns[60]), 2**62)
    result = run_backtest(profile, data, options, lambda at_ns: None)
    fills = [each for each in read_run(Path(result.summary["journal"]).parent) if isinstance(each.payload, Fill)]
    assert {each.payload.side for each in fills} == {"buy", "sell"}
    assert len([line for line in block("python").splitlines() if line.strip()]) <= 15
