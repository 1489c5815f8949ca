"""The history sink on a real PostgreSQL: every record once, whatever is stopped, hung or killed, and wherever."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from adapters.postgres.connection import PostgresAway, PostgresUnusable, connect
from adapters.postgres.migrations import MIGRATIONS, Migration, migrate
from adapters.postgres.settings import PostgresSettings
from adapters.postgres.store import ForeignRun, HistoryStore
from bot.sink import Rival, Sink
from contracts import codec
from contracts.trade import OrderRejected
from tests.kit.command_line import REPOSITORY, SMALL, bot, bot_process
from tests.kit.services import Certificates, PostgresServer
from tests.kit.services.postgres import PASSWORD
from tests.kit.sinks import GrowingRun, a_run, bodies_of, records_of
from tests.kit.wild_messages import wild_messages

TURNS = 5000
COPY = """
import asyncio, sys
from pathlib import Path
import msgspec
from adapters.postgres.settings import PostgresSettings
from bot.sink import Sink
settings = msgspec.json.decode(sys.argv[2], type=PostgresSettings)
asyncio.run(Sink(Path(sys.argv[1]), settings, follow="--follow" in sys.argv).run())
"""


@pytest.fixture
def settings(postgres: PostgresServer, tmp_path: Path) -> Iterator[PostgresSettings]:
    """A schema of its own in the server of the session."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    name = f"keel_{random.randrange(10**9)}"
    yield PostgresSettings(
        host=postgres.host,
        port=postgres.port,
        database="keel",
        user="keel",
        password=f"file:{password}",
        security="plaintext",
        schema=name,
        batch_records=25,
        statement_timeout_s=2.0,
        connect_timeout_s=2.0,
    )
    if postgres.running:
        postgres.resume()
    else:
        postgres.start()
    postgres.ask(f"drop schema if exists {name} cascade")


def copied(run: Path, settings: PostgresSettings, **how: object):
    return asyncio.run(Sink(run, settings, **how).run())  # type: ignore[arg-type]


def a_process(run: Path, settings: PostgresSettings, *more: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", COPY, str(run), msgspec.json.encode(settings).decode(), *more]
    return subprocess.Popen(words, cwd=REPOSITORY, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})


def count(server: PostgresServer, settings: PostgresSettings, table: str = "messages") -> int:
    return int(server.ask(f"select count(*) from {settings.schema}.{table}"))


def until(true, limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def assert_equal(server: PostgresServer, settings: PostgresSettings, run: Path) -> None:
    """The database holds what the journal does: each message once with its content, and each typed row once."""
    told = server.ask(
        f"select json_build_array(seq, type, coalesce(body, to_json(encode(digest, 'hex'))::jsonb)) "
        f"from {settings.schema}.messages order by seq"
    )
    rows = [json.loads(line) for line in told.splitlines()]
    odd = server.ask(f"select seq from {settings.schema}.odd").split()
    assert [row[0] for row in rows] == sorted({row[0] for row in rows}), "nothing is there twice"
    expected = {seq: told for seq, told in bodies_of(run).items() if str(seq) not in odd}
    assert {seq: (kind, body) for seq, kind, body in rows} == expected
    for table, kind in (("ticks", "Tick"), ("trades", "Trade"), ("fills", "Execution"), ("equity", "Equity")):
        assert count(server, settings, table) == sum(record.type == kind for record in records_of(run))


def test_a_canary_is_copied_to_the_last_digit(postgres, settings, tmp_path) -> None:
    said = bot("run", "--for", "20s", "--speed", "max", "--quiet", "--json", "--runs", tmp_path)
    run = tmp_path / "canary" / said.json["run"]
    dsn = f"postgresql://keel@{settings.host}:{settings.port}/keel"
    command = ("sink", "last", "--runs", tmp_path, "--dsn", dsn, "--password", settings.password)
    told = bot(*command, "--schema", settings.schema, "--json").json
    assert told["sealed"] and told["odd"] == 0 and told["records"] == told["seq"] == len(bodies_of(run))
    assert_equal(postgres, settings, run)
    fills = postgres.ask(f"select client_id, price, fee from {settings.schema}.fills order by seq").splitlines()
    booked = [codec.decode(each.type, each.payload) for each in records_of(run) if each.type == "Execution"]
    assert fills == [f"{each.client_id}|{each.price}|{each.fee}" for each in booked] != []  # type: ignore[attr-defined]
    again = bot(*command, "--schema", settings.schema, "--json").json
    assert (again["records"], again["seq"], again["sealed"]) == (0, told["seq"], True)


def test_decisions_are_the_same_whatever_the_database_does(postgres, settings, tmp_path) -> None:
    words = ("run", "--for", "120s", "--speed", "max", "--quiet", "--json", "--runs")
    alone = bot_process(*words, tmp_path / "alone").json
    command = [sys.executable, "-m", "bot", *words, str(tmp_path / "beside")]
    daemon = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | SMALL, stdout=subprocess.PIPE, text=True)
    journals = tmp_path / "beside" / "canary"
    until(lambda: any(journals.glob("canary-*/journal/*.seg")))
    (run,) = journals.glob("canary-*")
    until(lambda: (run / "journal" / "journal-000001.seg").stat().st_size > 4096)
    sink = a_process(run, settings, "--follow")
    until(lambda: _there(postgres, settings) or daemon.poll() is not None)
    postgres.pause()
    beside = json.loads(daemon.communicate(timeout=120)[0])
    postgres.resume()
    assert beside["decisions"] >= 8 and beside["decision_hash"] == alone["decision_hash"]
    assert sink.wait(60) == 0
    assert_equal(postgres, settings, run)


def test_a_sink_that_is_killed_over_and_over_copies_everything_once(postgres, settings, tmp_path) -> None:
    run, chance, deaths = a_run(tmp_path, TURNS), random.Random(5), 0
    total = len(bodies_of(run))
    while deaths < 8:
        process = a_process(run, settings)
        _until_it_writes(postgres, settings, process)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        deaths += 1
    assert deaths >= 3 and count(postgres, settings) <= total
    assert copied(run, settings).sealed
    assert_equal(postgres, settings, run)


def _until_it_writes(server: PostgresServer, settings: PostgresSettings, process: subprocess.Popen[bytes]) -> None:
    before = count(server, settings) if _there(server, settings) else 0
    until(lambda: process.poll() is not None or (_there(server, settings) and count(server, settings) > before))


def _there(server: PostgresServer, settings: PostgresSettings) -> bool:
    return (
        server.ask(f"select to_regclass('{settings.schema}.messages') is not null") == "t"
        and count(server, settings) > 0
    )


@pytest.mark.parametrize("fault", ["kill", "stop", "pause"])
def test_a_server_that_goes_away_in_the_middle_loses_and_repeats_nothing(postgres, settings, tmp_path, fault) -> None:
    run = a_run(tmp_path, TURNS)
    process = a_process(run, settings)
    until(lambda: process.poll() is not None or _there(postgres, settings))
    getattr(postgres, fault)()
    time.sleep(3.0)  # longer than the two seconds that a statement may take
    assert process.poll() is None, "it waits"
    postgres.resume() if fault == "pause" else postgres.start()
    assert process.wait(60) == 0
    assert_equal(postgres, settings, run)


def test_a_run_is_followed_until_it_is_sealed(postgres, settings, tmp_path) -> None:
    run = GrowingRun(tmp_path)
    run.go_on(20)
    process = a_process(run.directory, settings, "--follow")
    for _ in range(5):
        run.go_on(100)
        wanted = run.seq
        until(lambda wanted=wanted: _there(postgres, settings) and count(postgres, settings) == wanted)
    run.end()
    assert process.wait(30) == 0
    assert postgres.ask(f"select sealed, seq from {settings.schema}.runs") == f"t|{run.seq}"
    assert_equal(postgres, settings, run.directory)


def test_a_run_that_was_cut_is_copied_as_far_as_it_came_and_then_on(postgres, settings, tmp_path) -> None:
    run = GrowingRun(tmp_path)
    run.go_on(200)
    first = copied(run.directory, settings)
    assert (first.sealed, first.seq) == (False, run.seq)
    again = GrowingRun(tmp_path)
    again.go_on(200)
    again.end()
    second = copied(run.directory, settings)
    assert second.sealed and first.records + second.records == again.seq
    assert_equal(postgres, settings, run.directory)


def test_two_sinks_of_one_run_write_everything_once(postgres, settings, tmp_path) -> None:
    run = a_run(tmp_path, TURNS)
    both = [a_process(run, settings), a_process(run, settings)]
    assert 0 in {process.wait(60) for process in both}
    assert_equal(postgres, settings, run)


def test_a_rival_that_never_lets_go_is_named(settings, tmp_path, monkeypatch) -> None:
    from adapters.postgres import store

    async def moved(self, run, batch):
        raise store.CursorMoved("elsewhere")

    monkeypatch.setattr(store.HistoryStore, "write", moved)
    with pytest.raises(Rival, match="another sink writes canary/canary-000001"):
        copied(a_run(tmp_path, 10), settings)


def test_another_run_of_the_same_name_is_refused(settings, tmp_path) -> None:
    copied(a_run(tmp_path / "one", 10), settings)
    other = GrowingRun(tmp_path / "other", start_s=5.0)
    other.go_on(10)
    other.end()
    with pytest.raises(ForeignRun, match="holds another run called canary/canary-000001"):
        copied(other.directory, settings)


def test_what_the_database_cannot_take_is_kept_apart(postgres, settings, tmp_path) -> None:
    run = GrowingRun(tmp_path)
    run.go_on(10)
    run.say(OrderRejected("k1", "no\0thing"), source="ven\0ue")
    run.go_on(10)
    run.end()
    progress = copied(run.directory, settings)
    assert progress.sealed and progress.cleaned >= 1
    told = postgres.ask(f"select source, body->>'reason' from {settings.schema}.messages where type = 'OrderRejected'")
    assert told.splitlines()[-1] == "ven�ue|no�thing"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_in_a_journal_is_told_once_or_kept_apart(postgres, settings, tmp_path, seed) -> None:
    run = GrowingRun(tmp_path)
    run.go_on(5)
    run.say(*wild_messages(seed, 500))
    run.end()
    wide = msgspec.structs.replace(settings, batch_records=2_000)
    progress = copied(run.directory, wide)
    told = count(postgres, settings) + count(postgres, settings, "odd")
    assert progress.sealed and progress.records == told == run.seq
    assert progress.odd < 300, "most of it can be told"
    bodies = bodies_of(run.directory)
    for line in postgres.ask(f"select seq, type from {settings.schema}.messages").splitlines():
        seq, _, kind = line.partition("|")
        assert bodies[int(seq)][0] == kind


def test_the_schema_goes_forward_once_whoever_comes_first(postgres, settings) -> None:
    async def at_once() -> None:
        stores = [HistoryStore(settings) for _ in range(4)]
        failed: list[BaseException] = []

        def open_one(store: HistoryStore) -> None:
            async def opened() -> None:
                await store.open()
                await store.close()

            try:
                asyncio.run(opened())
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=open_one, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []

    asyncio.run(at_once())
    assert postgres.ask(f"select version from {settings.schema}.versions") == "1"

    async def later() -> None:
        connection = await connect(settings)
        newer = (*MIGRATIONS, Migration(2, "a test", ("create table more (a integer)",)))
        assert await migrate(connection, settings.schema, newer) == [2]
        assert await migrate(connection, settings.schema, newer) == []
        with pytest.raises(PostgresUnusable, match="has version 2, this release knows 1"):
            await migrate(connection, settings.schema)
        await connection.close()

    asyncio.run(later())


def test_a_migration_that_fails_leaves_nothing_behind(postgres, settings) -> None:
    async def failed() -> None:
        connection = await connect(settings)
        broken = (*MIGRATIONS, Migration(2, "broken", ("create table half (a integer)", "create tablet")))
        with pytest.raises(Exception, match="syntax error"):
            await migrate(connection, settings.schema, broken)
        await connection.close()

    asyncio.run(failed())
    assert postgres.ask(f"select to_regclass('{settings.schema}.half') is null") == "t"
    assert postgres.ask(f"select to_regclass('{settings.schema}.versions') is null") == "t"


def test_what_is_old_goes_and_what_was_traded_stays(postgres, settings, tmp_path) -> None:
    run = a_run(tmp_path, 200)
    fills = sum(record.type == "Execution" for record in records_of(run))
    copied(run, settings)

    async def pruned(before: datetime) -> int:
        store = HistoryStore(settings)
        await store.open()
        gone = await store.prune(before)
        await store.close()
        return gone

    half = postgres.ask(f"select percentile_disc(0.5) within group (order by at) from {settings.schema}.ticks")
    ticks = count(postgres, settings, "ticks")
    assert asyncio.run(pruned(datetime.fromisoformat(half))) > 0
    assert 0 < count(postgres, settings, "ticks") < ticks
    asyncio.run(pruned(datetime(2100, 1, 1, tzinfo=UTC)))
    assert (count(postgres, settings), count(postgres, settings, "fills")) == (0, fills)
    assert copied(run, settings).records == 0, "the cursor stands"


def test_retention_is_kept_by_the_sink_itself(postgres, settings, tmp_path) -> None:
    kept = msgspec.structs.replace(settings, retention_days=36_500.0)
    assert copied(a_run(tmp_path / "a", 20), kept).pruned == 0
    short = msgspec.structs.replace(settings, retention_days=1e-6)
    assert copied(a_run(tmp_path / "b", 20, "canary-000002"), short).pruned > 0
    assert count(postgres, settings, "ticks") == 0


STAND_IN = """
create table said (what text);
create function create_hypertable(relation regclass, time_column_name name, partitioning_column name = null,
  number_partitions integer = null, associated_schema_name name = null, associated_table_prefix name = null,
  chunk_time_interval anyelement = null::bigint, create_default_indexes boolean = true, if_not_exists boolean = false,
  partitioning_func regproc = null, migrate_data boolean = false) returns void language plpgsql as $$ begin
  insert into public.said values (format('chunks of %s of %s by %s', chunk_time_interval, relation, time_column_name));
  end $$;
create function drop_chunks(relation regclass, older_than timestamptz = null) returns setof text language plpgsql as $$
  begin insert into public.said values (format('drop %s before %s', relation, older_than));
  return next 'a chunk'; end $$;
set allow_system_table_mods = on;
insert into pg_extension select 77777, 'timescaledb', 10, 2200, false, '2.22.1', null, null;
"""
"""What the sink asks of TimescaleDB: its functions by their names and arguments, which write the asking down."""


def test_where_there_is_timescale_it_is_asked_for_chunks(postgres, settings, tmp_path) -> None:
    postgres.ask("create database scaled", database="postgres")
    try:
        postgres.ask(STAND_IN, database="scaled")
        scaled = msgspec.structs.replace(settings, database="scaled", retention_days=1e-6)
        progress = copied(a_run(tmp_path, 20), scaled)
        said = postgres.ask("select what from said order by what", database="scaled").splitlines()
    finally:
        postgres.ask("drop database scaled with (force)", database="postgres")
    assert said[0] == "chunks of 7 days of bars by at"
    assert len(said) == 2 * 7 and progress.pruned == 7
    assert said[7].startswith("drop ") and " before 20" in said[7]


def test_a_wrong_password_is_no_reason_to_wait(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WRONG", "no")
    wrong = msgspec.structs.replace(settings, password="env:WRONG")
    with pytest.raises(PostgresUnusable, match="password authentication failed"):
        copied(a_run(tmp_path, 3), wrong)


class TlsPostgres(PostgresServer):
    """A server that speaks TLS with a certificate for `127.0.0.1`."""

    certificates: Certificates

    def command(self) -> list[str]:
        leaf = self.certificates.leaf("postgres")
        names = {}
        for kind, file in (("key", leaf.key_file), ("cert", leaf.cert_file)):
            names[kind] = self.directory / f"server.{kind}"
            names[kind].write_bytes(file.read_bytes())
            names[kind].chmod(0o600)
            if self.user:
                import shutil

                shutil.chown(names[kind], self.user)
        words = ["ssl=on", f"ssl_cert_file={names['cert']}", f"ssl_key_file={names['key']}"]
        return [*super().command(), *(part for word in words for part in ("-c", word))]


def test_the_certificate_of_the_server_is_checked(settings, tmp_path, certificates) -> None:
    TlsPostgres.certificates = certificates
    stranger = Certificates(tmp_path / "stranger", "Another authority")
    with TlsPostgres() as server:
        ours = msgspec.structs.replace(
            settings, port=server.port, security="verify_full", ca_file=str(certificates.ca_file)
        )
        assert copied(a_run(tmp_path, 10), ours).sealed
        told = server.ask(
            "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'keel'"
        )
        assert told in ("t", "f")
        wrong = msgspec.structs.replace(ours, ca_file=str(stranger.ca_file))
        with pytest.raises(PostgresUnusable, match="not trusted"):
            copied(a_run(tmp_path / "other", 10), wrong)


def test_a_server_without_tls_is_refused_where_it_is_asked_for(settings, tmp_path) -> None:
    with pytest.raises((PostgresUnusable, PostgresAway), match="SSL"):
        copied(a_run(tmp_path, 3), msgspec.structs.replace(settings, security="verify_full"), patience_s=0.0)
