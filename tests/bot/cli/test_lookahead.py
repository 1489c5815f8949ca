"""`bot lookahead` over a data set, with an agent of one's own."""

import pytest

from tests.kit.command_line import bot

HONEST = """
import numpy as np
from actors.agents.base import Agent
from actors.agents.view import Evidence


class Mine(Agent):
    needs = ("ret_1",)

    def on_frame(self, view):
        return Evidence.of(-view["ret_1"] / view.deviation, view.deviation)
"""
PEEKING = """
import json
from pathlib import Path

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence

KEPT = Path(__file__).with_suffix(".json")
MIDS = json.loads(KEPT.read_text()) if KEPT.exists() else {}


class Mine(Agent):
    def on_frame(self, view):
        MIDS[str(view.at_ns)] = view.mid.tolist()
        KEPT.write_text(json.dumps(MIDS))
        coming = MIDS.get(str(view.at_ns + round(view.bar_s * 1e9)), view.mid)
        return Evidence.of(100 * np.log(np.array(coming) / view.mid), view.deviation)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("lookahead") / "made"
    assert (
        bot("data", "make", "--into", path, "--seed", "7", "--instruments", "2", "--bars", "150", "--bar", "5m").code
        == 0
    )
    return path


def check(made, tmp_path, source, *options):
    agent = tmp_path / "mine.py"
    agent.write_text(source)
    return bot("lookahead", "--data", made, "--agent", agent, "--stamps", "60", "--cuts", "1", *options)


@pytest.mark.numbers
def test_what_is_honest_is_said_to_be(made, tmp_path) -> None:
    said = check(made, tmp_path, HONEST)

    assert said.code == 0, said.err
    assert "nothing knows what it cannot know yet" in said.out
    assert "13 agents" in said.out


def test_what_peeks_is_named_with_stamp_and_size_and_exits_with_its_own_code(made, tmp_path) -> None:
    said = check(made, tmp_path, PEEKING)

    assert said.code == 10
    assert "own_1.mu" in said.out
    assert "off by" in said.out
    assert "cannot know yet" in said.err


@pytest.mark.numbers
def test_a_program_gets_every_fault(made, tmp_path) -> None:
    said = check(made, tmp_path, PEEKING, "--json")
    assert said.code == 10
    assert said.json["ok"] is False
    assert {each["source"] for each in said.json["found"]["faults"]} >= {"own_1"}


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--profile", "canary"), "has no [history]"), (("--agent", "no_such_kind"), "no_such_kind")],
)
def test_what_cannot_be_checked_is_refused(made, options, words) -> None:
    said = bot("lookahead", "--data", made, *options)
    assert (said.code, said.out) == (4, "")
    assert words in said.error
