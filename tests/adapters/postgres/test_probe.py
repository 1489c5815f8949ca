import pytest

from adapters.postgres.probe import LAST, probe, schema_verdict
from adapters.postgres.settings import PostgresSettings
from tests.kit.virtual_time import on_a_real_loop

HERE = PostgresSettings(host="127.0.0.1", port=1, database="keel", user="keel", security="plaintext")


@pytest.mark.parametrize(
    ("version", "may_create", "ok", "says"),
    [
        (None, True, True, "keel is not there yet: `bot sink` makes it (plain tables)"),
        (None, False, False, "keel is not there, and keel may not make it"),
        (LAST, False, True, f"keel has version {LAST} (plain tables)"),
        (LAST - 1, True, True, f"keel has version {LAST - 1}, brought to {LAST} by the next `bot sink` (plain tables)"),
        (LAST + 1, True, False, f"keel has version {LAST + 1}, this release knows {LAST}"),
    ],
)
def test_a_schema_is_judged_by_its_version(version, may_create, ok, says):
    finding = schema_verdict(HERE, version, may_create=may_create, timescale="")

    assert (finding.ok, finding.found) == (ok, says)
    assert bool(finding.remedy) != ok


def test_an_extension_that_is_there_is_named():
    assert "(TimescaleDB 2.22.1)" in schema_verdict(HERE, LAST, may_create=True, timescale="2.22.1").found


@on_a_real_loop
async def test_a_server_that_is_not_there_is_the_only_finding():
    (finding,) = await probe(HERE)

    assert not finding.ok and "127.0.0.1:1 cannot be reached" in finding.found
