"""Settings of the process of an agent: the profile's where there is one, the command line's else."""

import pytest

from bot.configuration import BadConfiguration
from bot.remote_agents.process import kafka_of, serve, settings_of
from tests.bot.remote_agents.test_sources import KAFKA
from tests.bot.test_remote_agents import FAR, with_an_agent_elsewhere


def test_a_profile_says_everything() -> None:
    profile = with_an_agent_elsewhere(kafka=KAFKA)
    settings = settings_of(profile, "far", None, 1.0)
    assert (settings.horizon_s, settings.prior, settings.bar_s) == (FAR["horizon_s"], FAR["prior"], 60.0)
    assert kafka_of(profile, "", "").env == "test"


def test_without_a_profile_the_command_line_says_it() -> None:
    assert settings_of(None, "far", 600.0, 30.0).bar_s == 30.0
    assert kafka_of(None, "127.0.0.1:1,127.0.0.1:2", "demo").brokers == ("127.0.0.1:1", "127.0.0.1:2")


def test_brokers_of_the_command_line_come_before_those_of_a_profile() -> None:
    assert kafka_of(with_an_agent_elsewhere(kafka=KAFKA), "127.0.0.1:7", "other").env == "other"


def test_an_agent_the_profile_runs_itself_is_not_run_here() -> None:
    with pytest.raises(BadConfiguration, match="it has far"):
        settings_of(with_an_agent_elsewhere(), "momentum", None, 60.0)


class Broken:
    """What serves and finds that it cannot."""

    async def run(self) -> None:
        raise BadConfiguration("agent 'far'", ["features come as digests"])


def test_what_ends_it_is_told_to_who_began_it() -> None:
    with pytest.raises(BadConfiguration, match="digests"):
        serve(Broken(), None)  # type: ignore[arg-type]
