"""The daemon's own settings: what cannot work is refused by name, value and what was expected."""

import pytest

from bot.configuration import BadConfiguration
from tests.kit.worlds import a_profile

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("account__name", "", "account: name was ''"),
        ("account__name", "../x", "account: name was '../x'"),
        ("account__name", "-x", "account: name was '-x'"),
        ("account__name", "é", "account: name was"),
        ("account__name", "x" * 41, "at most 40"),
        ("health__port", -1, "health: port was -1, expected 0 to 65535"),
        ("health__port", 65_536, "health: port was 65536"),
        ("health__lag_s_max", 0.0, "health: lag_s_max was 0.0"),
        ("process__drain_s", -1.0, "process: drain_s was -1.0, expected 0 to 3600"),
        ("process__drain_s", NAN, "process: drain_s was nan"),
        ("process__drain_s", INF, "process: drain_s was inf"),
        ("process__snapshot_s", 0.0, "process: snapshot_s was 0.0"),
        ("process__flush_s", -0.1, "process: flush_s was -0.1"),
        ("process__lag_s_max", 6.0, "expected 0 < lag_s_max < stall_s_max < 120"),
        ("process__stall_s_max", NAN, "stall_s_max nan"),
        ("runs__directory", "", "runs: directory was empty"),
        ("simulated__start_ns", -1, "simulated: start_ns was -1"),
        ("simulated__start_ns", 2**70, "simulated: start_ns was"),
        ("agents__momentum__prior", INF, "prior was inf"),
        ("agents__momentum__horizon_s", 0.0, "horizon_s was 0.0"),
    ],
)
def test_what_cannot_work_is_refused(name, value, told) -> None:
    with pytest.raises(BadConfiguration, match=told):
        a_profile(**{name: value})


@pytest.mark.parametrize("name", ["feed", "risk", "process", "control", "Loud", "", "a b", "../x"])
def test_an_agent_has_a_name_of_its_own(name) -> None:
    agent = {"kind": "momentum", "horizon_s": 900.0, "prior": 0.02, "label_s": 14.0}
    with pytest.raises(BadConfiguration, match="an agent was named"):
        a_profile(**{f"agents__{name}": agent})


def test_the_edges_are_allowed() -> None:
    a_profile(process__drain_s=0.0, health__port=65_535, account__name="a", simulated__start_ns=0)
