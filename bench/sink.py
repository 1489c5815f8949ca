"""What copying a run into PostgreSQL costs, beside a bare COPY of the same rows, made beforehand, into the same tables.

A canary's journal and a real server are made for it; without one there are no figures. The server's durability is on.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from adapters.journal.follow import Follower
from adapters.postgres.connection import connect
from adapters.postgres.rows import Rows
from adapters.postgres.settings import PostgresSettings
from adapters.postgres.store import HistoryStore
from adapters.postgres.tables import BY_NAME
from bot.sink import Sink
from tests.kit.services import PostgresServer, cannot_have
from tests.kit.services.postgres import PASSWORD

MARKET_S = 1_200
ROUNDS = 2

Figures = dict[str, float]


class DurablePostgres(PostgresServer):
    """As a server is shipped: a commit is on the medium."""

    def command(self) -> list[str]:
        return [*super().command(), "-c", "fsync=on", "-c", "full_page_writes=on"]


def measure() -> Figures:
    """Records and rows per second, and the time against that of a bare COPY."""
    wanting = cannot_have("postgres")
    if wanting:
        print(wanting)
        return {}
    with tempfile.TemporaryDirectory() as directory, DurablePostgres() as server:
        run = _a_run(Path(directory))
        secret = Path(directory) / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        settings = PostgresSettings(
            host=server.host, port=server.port, database="keel", user="keel", password=f"file:{secret}",
            security="plaintext",
        )  # fmt: skip
        figures: Figures = {}
        for raw in ("all", "few", "none"):
            figures |= _copied(run, msgspec.structs.replace(settings, raw=raw))
        return figures


def _copied(run: Path, settings: PostgresSettings) -> Figures:
    """The best of some rounds, each into a schema of its own; the bare COPY takes turns with it."""
    best: tuple[float, ...] = ()
    for number in range(ROUNDS):
        here = msgspec.structs.replace(settings, schema=f"k_{settings.raw}_{number}")
        began = time.perf_counter()
        progress = asyncio.run(Sink(run, here).run())
        took = time.perf_counter() - began
        bare_s = asyncio.run(_bare(run, msgspec.structs.replace(here, schema=f"{here.schema}_bare")))
        found = (took, bare_s, progress.records, progress.rows)
        best = min(best, found) if best else found
    took, bare_s, records, rows = best
    name = f"raw_{settings.raw}"
    return {
        f"records_per_s_{name}": records / took,
        f"rows_per_s_{name}": rows / took,
        f"times_a_bare_copy_{name}": took / bare_s,
    }


async def _bare(run: Path, settings: PostgresSettings) -> float:
    store = HistoryStore(settings)
    await store.open()
    await store.close()
    follower, rows = Follower(run / "journal"), Rows("bare", settings.raw)
    while records := follower.read():
        for record in records:
            rows.add(record)
    follower.close()
    taken = rows.take()
    connection = await connect(settings)
    began = time.perf_counter()
    for name, found in taken.items():
        await connection.copy_records_to_table(
            name, schema_name=settings.schema, columns=BY_NAME[name].names, records=found
        )
    took = time.perf_counter() - began
    await connection.close()
    return took


def _a_run(directory: Path) -> Path:
    words = ["run", "--profile", "canary", "--speed", "max", "--for", f"{MARKET_S}s", "--quiet", "--runs", directory]
    subprocess.run([sys.executable, "-m", "bot", *map(str, words)], check=True, capture_output=True)
    return next((directory / "canary").glob("canary-*"))
