"""The sink without a database: which run it is, and what happens when nobody is at the door."""

import asyncio

import pytest

from adapters.postgres.connection import PostgresAway
from adapters.postgres.settings import PostgresSettings
from bot.replaying import JournalEmpty
from bot.sink import Sink, identity_of
from tests.kit.services import free_port
from tests.kit.sinks import GrowingRun, a_run


def nobody() -> PostgresSettings:
    return PostgresSettings(host="127.0.0.1", port=free_port(), database="a", user="b", security="plaintext")


def test_a_run_is_known_by_its_first_record(tmp_path) -> None:
    one, same = identity_of(a_run(tmp_path / "a", 3)), identity_of(a_run(tmp_path / "b", 30))
    assert one == same and one.run == "canary/canary-000001" and len(one.identity) == 32
    other = GrowingRun(tmp_path / "c", start_s=1.0)
    other.go_on(3)
    other.end()
    assert identity_of(other.directory).identity != one.identity


def test_what_holds_no_journal_is_named(tmp_path) -> None:
    with pytest.raises(JournalEmpty, match="holds no journal"):
        identity_of(tmp_path)
    GrowingRun(tmp_path)
    with pytest.raises(JournalEmpty, match="no recorded message"):
        identity_of(tmp_path / "canary" / "canary-000001")


def test_a_copy_waits_for_a_database_as_long_as_its_patience(tmp_path) -> None:
    told: list[str] = []
    sink = Sink(a_run(tmp_path, 3), nobody(), patience_s=0.0, say=told.append)
    with pytest.raises(PostgresAway, match="cannot be reached"):
        asyncio.run(sink.run())
    assert sink.progress.records == 0


def test_a_follower_that_is_stopped_ends_in_order(tmp_path) -> None:
    told: list[str] = []

    def heard(text: str) -> None:
        told.append(text)
        sink.stop()

    sink = Sink(a_run(tmp_path, 3), nobody(), follow=True, patience_s=0.0, say=heard)
    progress = asyncio.run(sink.run())
    assert (progress.records, progress.away) == (0, 1)
    assert "trying again" in told[0]
