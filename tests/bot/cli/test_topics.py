"""`bot topics` as a user meets it without brokers; with real ones see `tests/services/test_mirror.py`."""

import pytest

from tests.bot.mirror.test_places import KAFKA
from tests.kit.command_line import bot


@pytest.mark.parametrize("verb", ["plan", "apply", "check"])
def test_a_profile_without_kafka_says_what_is_missing(verb: str) -> None:
    said = bot("topics", verb)

    assert said.code == 4
    assert "no section kafka" in said.err


@pytest.mark.parametrize("verb", ["plan", "apply", "check"])
def test_brokers_that_are_away_are_exit_code_75(verb: str) -> None:
    said = bot("topics", verb, **KAFKA | {"BOT__KAFKA__BROKERS": '["127.0.0.1:1"]'})

    assert said.code == 75
    assert "127.0.0.1:1" in said.err


def test_plaintext_beyond_this_machine_is_refused() -> None:
    said = bot("topics", "plan", **KAFKA | {"BOT__KAFKA__BROKERS": '["kafka.example.org:9092"]'})

    assert said.code == 4
    assert "not on this machine" in said.err
