"""How the database is named: encrypted beyond this machine, and never with a password in the open."""

import pytest

from adapters.postgres.settings import PostgresSettings, is_local, settings_of


def some(**changed: object) -> PostgresSettings:
    facts: dict[str, object] = {"host": "127.0.0.1", "database": "keel", "user": "keel", "security": "plaintext"}
    return PostgresSettings(**(facts | changed))  # type: ignore[arg-type]


def test_a_text_names_server_database_and_user() -> None:
    found = settings_of("postgresql://anna%40desk@db.example:6432/history?sslrootcert=/ca.pem", password="env:PG")
    assert (found.host, found.port, found.database, found.user) == ("db.example", 6432, "history", "anna@desk")
    assert (found.security, found.ca_file, found.password) == ("verify_full", "/ca.pem", "env:PG")
    assert found.place == "history at db.example:6432"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_this_machine_nothing_needs_encryption(host) -> None:
    assert settings_of(f"postgresql://keel@{host}/keel").security == "plaintext"
    assert settings_of(f"postgresql://keel@{host}/keel?sslmode=verify-full").security == "verify_full"


def test_a_socket_is_this_machine() -> None:
    found = settings_of("postgresql://keel@/keel?host=/run/postgresql")
    assert (found.host, found.security) == ("/run/postgresql", "plaintext")


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("postgresql://keel@db.example/keel?sslmode=disable", "db.example is not on this machine"),
        ("postgresql://keel@db.example/keel?sslmode=require", "all between is no proof"),
        ("postgresql://keel:s3cret@127.0.0.1/keel", "holds a password"),
        ("postgresql://keel@127.0.0.1/keel?password=s3cret", "holds a password"),
        ("postgresql://keel@127.0.0.1/keel?options=-c", "says options"),
        ("mysql://keel@127.0.0.1/keel", "begins with postgresql://"),
        ("postgresql://127.0.0.1/keel", "user was empty"),
        ("postgresql://keel@127.0.0.1", "database was empty"),
        ("postgresql://keel@127.0.0.1:99999/keel", "port was .99999."),
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_a_secret(dsn, told) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        settings_of(dsn)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"host": "10.0.0.5"}, "10.0.0.5 is not on this machine"),
        ({"password": "hunter2"}, "no reference"),
        ({"schema": "Keel; drop"}, "schema was"),
        ({"cert_file": "c.pem"}, "takes both"),
        ({"batch_records": 0}, "batch_records was 0"),
        ({"retention_days": -1.0}, "retention_days was -1"),
        ({"retention_days": float("nan")}, "retention_days was nan"),
    ],
)
def test_a_setting_out_of_bounds_is_named(changed, told) -> None:
    with pytest.raises(ValueError, match=told):
        some(**changed)


def test_a_host_of_a_network_that_stays_here_may_be_named() -> None:
    assert some(host="postgres", local_hosts=("postgres",)).is_local
    assert not is_local("postgres")
    assert not is_local("localhost.example")
