"""`bot agent run` before it reaches any broker: what is missing is told in one line, and it ends when it is told to."""

from tests.kit.command_line import bot

AGENT = """
from actors.agents.base import Agent
from actors.agents.view import Evidence, View


class Pullback(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], view.deviation)
"""


def test_without_brokers_it_says_what_is_missing() -> None:
    told = bot("agent", "run", "ofi", "--horizon", "10m")
    assert told.code == 4 and "--brokers and --env" in told.error


def test_without_a_horizon_it_says_what_is_missing() -> None:
    told = bot("agent", "run", "ofi", "--brokers", "127.0.0.1:1", "--env", "test")
    assert told.code == 4 and "--horizon" in told.error


def test_brokers_elsewhere_are_not_spoken_to_in_the_clear() -> None:
    told = bot("agent", "run", "ofi", "--brokers", "kafka.example:9092", "--env", "test", "--horizon", "10m")
    assert told.code == 4 and "kafka.example:9092 is not on this machine" in told.error and "--profile" in told.error


def test_a_profile_has_to_name_it_as_remote() -> None:
    told = bot("agent", "run", "ofi", "--profile", "canary")
    assert told.code == 4 and "no remote agent 'ofi'" in told.error


def test_what_is_no_agent_is_told(tmp_path) -> None:
    told = bot("agent", "run", tmp_path / "no.py", "--brokers", "127.0.0.1:1", "--env", "test", "--horizon", "10m")
    assert told.code == 4 and "no file" in told.error


def test_it_waits_for_brokers_and_ends_in_its_time(tmp_path) -> None:
    (tmp_path / "pullback.py").write_text(AGENT)
    where = ("--brokers", "127.0.0.1:1", "--env", "test", "--horizon", "10m")
    told = bot("agent", "run", tmp_path / "pullback.py", *where, "--for", "0.2s", "--json")
    assert told.code == 0, told.err
    assert told.json["agent"] == "pullback" and told.json["beats"] == 0
    assert "127.0.0.1:1" in told.err and "trying again" in told.err
