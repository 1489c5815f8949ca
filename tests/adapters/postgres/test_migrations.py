"""The schema goes forward only: what was released is never changed."""

import hashlib

from adapters.postgres.migrations import MIGRATIONS, hypertable
from adapters.postgres.tables import TABLES

RELEASED = {1: "0353be9902f48dda"}
"""The digest of each released migration: a changed one would leave two databases of one version."""


def digest(statements: tuple[str, ...]) -> str:
    return hashlib.blake2b("\n".join(statements).encode(), digest_size=8).hexdigest()


def test_versions_have_no_hole_and_the_released_ones_stand() -> None:
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert {step.version: digest(step.statements) for step in MIGRATIONS} == RELEASED


def test_the_first_makes_every_table() -> None:
    made = "\n".join(MIGRATIONS[0].statements)
    assert all(f"create table {table.name} (" in made for table in TABLES)


def test_a_hypertable_is_made_once_and_takes_along_what_is_there() -> None:
    said = hypertable("keel", "ticks")
    assert "create_hypertable('keel.ticks', 'at'" in said
    assert "if_not_exists => true" in said and "migrate_data => true" in said
