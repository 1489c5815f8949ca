"""An agent on trial may hang, exit, die or print: it is told, and nobody waits for ever."""

import pytest

from bot.configuration import BadConfiguration
from bot.trying import Unending, tried

OWN = """
import os
from actors.agents.base import Agent
from actors.agents.view import Evidence
{before}

class Mine(Agent):
    def on_frame(self, view):
        {how}
"""


@pytest.fixture
def kind(tmp_path, monkeypatch):
    """The path of an agent that does so in `on_frame`."""
    monkeypatch.setattr("actors.agents.laws.CALIBRATION_STEPS", 0)
    monkeypatch.setattr("actors.agents.laws.STEPS", 4)

    def written(how: str, before: str = "") -> str:
        path = tmp_path / "mine.py"
        path.write_text(OWN.format(how=how, before=before))
        return str(path)

    return written


@pytest.mark.numbers
def test_an_agent_that_never_ends_is_ended_and_named_with_the_law_under_way(kind):
    with pytest.raises(Unending, match=r"mine.py was not done after 2 s: under way was 'an answer is as wide"):
        tried(kind("while True: pass"), 2.0)


def test_one_that_ends_its_process_breaks_the_law_under_way(kind):
    (broken,) = tried(kind("os._exit(0)"))
    assert str(broken) == "an answer is as wide as the view: its process ended with code 0"


def test_what_cannot_be_loaded_is_told_as_it_is_elsewhere(kind):
    with pytest.raises(BadConfiguration, match=r"agent '.*mine.py': .*mine.py cannot be loaded: no"):
        tried(kind("pass", "raise RuntimeError('no')"))


def test_what_an_agent_prints_is_talk(kind, capfd):
    assert tried(kind("print('hello'); os.write(1, b'raw'); return Evidence.of(view['z_20'], view.deviation)")) == ()
    heard = capfd.readouterr()
    assert heard.out == ""
    assert "hello" in heard.err and "raw" in heard.err
