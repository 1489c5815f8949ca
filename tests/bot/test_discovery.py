"""A class is found by its shipped name, entry point, module or file, and what cannot be found is told plainly."""

from importlib.metadata import EntryPoint

import pytest

from actors.strategies.base import Strategy
from actors.strategies.ema_cross import EmaCross
from bot import discovery
from bot.configuration import BadConfiguration
from bot.strategies import STRATEGIES

OWN = """
from actors.strategies.base import Bar, Row, Strategy
from actors.strategies.ema_cross import EmaCross


class Mine(Strategy):
    def on_bar(self, bar: Bar, memory: Row) -> float:
        return 0.0
"""


def find(word, what="strategy 'mine'"):
    return STRATEGIES.find(word, what)


@pytest.mark.parametrize("name", STRATEGIES.shipped)
def test_every_shipped_strategy_is_found_by_its_name_and_answers_in_one_style(name) -> None:
    assert issubclass(find(name), Strategy)
    assert find(name).style() in ("on_bar", "on_frame")


def test_one_is_found_by_its_module_and_by_its_file(tmp_path) -> None:
    assert find("actors.strategies.ema_cross:EmaCross") is EmaCross
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    found = find(str(file))
    assert (found.__name__, found.__module__) == ("Mine", "keel_strategy_mine")
    assert find(f"{file}:Mine").__name__ == "Mine"


def test_one_of_an_installed_package_is_found_by_its_entry_point(monkeypatch) -> None:
    point = EntryPoint("crosses", "actors.strategies.ema_cross:EmaCross", STRATEGIES.group)
    bad = EntryPoint("gone", "no.such.module:Thing", STRATEGIES.group)
    monkeypatch.setattr(discovery, "entry_points", lambda group: (point, bad) if group == "keel.strategies" else ())
    assert find("crosses") is EmaCross
    assert STRATEGIES.names() == {
        "buy_and_hold": "shipped", "ema_cross": "shipped", "random_trader": "shipped",
        "crosses": "actors.strategies.ema_cross", "gone": "no.such.module",
    }  # fmt: skip
    with pytest.raises(BadConfiguration, match="entry point gone"):
        find("gone")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("ema_kross", "name was 'ema_kross', did you mean 'ema_cross'?; expected one of buy_and_hold, ema_cross"),
        ("os:path", "name 'os:path' is no subclass of actors.strategies.base.Strategy"),
        ("no.such:Thing", "name 'no.such:Thing' cannot be loaded: No module named 'no'"),
        ("actors.strategies.ema_cross:Ema", "has no attribute 'Ema'"),
        ("nowhere.py", "nowhere.py is no file; expected the path of a .py file with one strategy"),
    ],
)
def test_what_is_none_is_told_plainly(word, told) -> None:
    with pytest.raises(BadConfiguration) as raised:
        find(word)
    assert str(raised.value).startswith("strategy 'mine': ")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("x = 1", "", "has none; expected one subclass of Strategy"),
        (OWN + OWN.replace("Mine", "Other"), "", "has Mine, Other; expected one"),
        (OWN, ":Other", "has no Other; it has Mine"),
        ("x = 1", ":Other", "has no Other; it has no strategy"),
        ("import nothing_of_that_name", "", "cannot be loaded: No module named"),
        ("def (", "", "cannot be loaded: invalid syntax"),
        ("undefined", "", "cannot be loaded: name 'undefined'"),
        ("raise SystemExit(3)", "", "cannot be loaded: 3"),
        ("1 / 0", "", "cannot be loaded: division by zero"),
    ],
)
def test_a_file_that_is_not_in_order_is_told_plainly(text, name, told, tmp_path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(BadConfiguration) as raised:
        find(f"{file}{name}")
    assert told in str(raised.value)
