"""Where agents elsewhere are heard: nowhere without any or in virtual time; without brokers the profile is refused."""

import pytest

from adapters.kafka.signals import KafkaSignals
from adapters.signals.memory import MemorySignals
from bot.configuration import BadConfiguration
from bot.remote_agents.sources import signals_of
from tests.bot.test_remote_agents import with_an_agent_elsewhere
from tests.kit.worlds import a_profile

KAFKA = {"brokers": ["127.0.0.1:9092"], "env": "test", "security": "plaintext"}


def test_who_has_no_agents_elsewhere_hears_nobody() -> None:
    assert isinstance(signals_of(a_profile(), virtual=False), MemorySignals)


def test_in_virtual_time_nobody_is_heard() -> None:
    assert isinstance(signals_of(with_an_agent_elsewhere(), virtual=True), MemorySignals)


def test_without_brokers_it_is_refused_by_the_name_of_the_agent() -> None:
    with pytest.raises(BadConfiguration, match=r"agents\.far is of the kind remote, expected a section \[kafka\]"):
        signals_of(with_an_agent_elsewhere(), virtual=False)


def test_with_brokers_they_are_asked() -> None:
    assert isinstance(signals_of(with_an_agent_elsewhere(kafka=KAFKA), virtual=False), KafkaSignals)
