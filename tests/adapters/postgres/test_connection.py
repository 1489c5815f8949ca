"""What fails on the way to the database comes out as one of three kinds."""

import asyncio
import ssl
import sys

import asyncpg
import pytest

from adapters.postgres.connection import (
    PostgresAway,
    PostgresMissing,
    PostgresUnusable,
    connect,
    library,
    ssl_context,
    told,
)
from adapters.postgres.settings import PostgresSettings
from tests.kit.services import free_port

HERE = PostgresSettings(host="127.0.0.1", port=1, database="keel", user="keel", security="plaintext")
AWAY = PostgresSettings(host="db.example", database="keel", user="keel")


def test_a_missing_library_is_told_with_its_remedy(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(PostgresMissing, match=r"pip install 'keel\[history\]'"):
        library()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(111, "refused"), PostgresAway),
        (TimeoutError(), PostgresAway),
        (asyncpg.ConnectionDoesNotExistError("gone"), PostgresAway),
        (asyncpg.AdminShutdownError("shutting down"), PostgresAway),
        (asyncpg.DiskFullError("full"), PostgresAway),
        (asyncpg.QueryCanceledError("too long"), PostgresAway),
        (asyncpg.InterfaceError("connection is closed"), PostgresAway),
        (asyncpg.InvalidPasswordError("no"), PostgresUnusable),
        (asyncpg.InsufficientPrivilegeError("no"), PostgresUnusable),
        (ssl.SSLCertVerificationError("bad"), PostgresUnusable),
        (KeyError("a bug"), KeyError),
    ],
)
def test_only_what_passes_is_tried_again(error, kind) -> None:
    found = told(error, HERE)
    assert type(found) is kind
    assert found is error or HERE.place in str(found)


def test_beyond_this_machine_the_name_of_the_server_is_checked(tmp_path) -> None:
    context = ssl_context(AWAY)
    assert context is not None and context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    assert ssl_context(HERE) is None
    lost = PostgresSettings(host="db.example", database="keel", user="keel", ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(PostgresUnusable, match="certificates for keel at db"):
        ssl_context(lost)


def test_nobody_at_the_door_is_told_at_once() -> None:
    nobody = PostgresSettings(host="127.0.0.1", port=free_port(), database="keel", user="keel", security="plaintext")
    with pytest.raises(PostgresAway, match="cannot be reached"):
        asyncio.run(connect(nobody))
