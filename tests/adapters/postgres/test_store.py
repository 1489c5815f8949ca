"""The store's own facts; what it does to a real database is in tests/services."""

import asyncio

import pytest

from adapters.postgres.connection import PostgresAway
from adapters.postgres.settings import PostgresSettings
from adapters.postgres.store import HistoryStore, RunIdentity
from tests.kit.services import free_port


def test_a_run_is_called_by_account_and_name() -> None:
    assert RunIdentity(account="canary", name="canary-000001", identity="", begun_ns=0).run == "canary/canary-000001"


def test_a_store_that_could_not_be_opened_can_be_closed() -> None:
    settings = PostgresSettings(host="127.0.0.1", port=free_port(), database="a", user="b", security="plaintext")

    async def opened() -> None:
        store = HistoryStore(settings)
        try:
            with pytest.raises(PostgresAway):
                await store.open()
        finally:
            await store.close()

    asyncio.run(opened())
