"""Records of a real run: kept beside it, made again when the journal has grown."""

import os
import shutil
from decimal import Decimal

import msgspec
import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import BARE
from adapters.journal.scan import JournalDamaged
from adapters.records.rows import TABLES
from bot.records.making import read_journal, records_of
from bot.runs import RunsUnusable
from contracts.account import Equity
from contracts.decision import DecisionLog, Refusal
from contracts.topics import BULK
from contracts.trade import Execution, Order
from tests.kit.journals import read_run


def of(run, kind):
    return [each.payload for each in read_run(run) if isinstance(each.payload, kind)]


def test_the_tables_of_a_run_hold_what_its_journal_says(copied) -> None:
    found = records_of(copied)
    assert found.made.rows["orders"] == len(of(copied, Order)) > 0
    assert found.made.rows["equity"] == len(of(copied, Equity))
    assert found.made.rows["decisions"] == len(of(copied, DecisionLog))
    assert found.made.rows["refusals"] == sum(len(each.reasons) for each in of(copied, Refusal))
    fees = sum((each.fee for each in of(copied, Execution)), Decimal(0))
    told = sum(found.table("orders").values("fee_eur"), Decimal(0))
    assert abs(told - fees) < Decimal("1E-7")
    assert found.table("equity").values("equity_eur") == [each.equity for each in of(copied, Equity)]
    assert found.table("trades").values("entry_cause")[0] == "selected"


def test_what_all_trades_brought_and_what_is_still_open_is_the_change_of_equity(finished) -> None:
    found = records_of(finished)
    equity, trades = found.table("equity"), found.table("trades")
    values, still_open = equity.values("equity_eur"), equity.values("unrealised_eur")[-1]
    brought = sum(trades.values("pnl_eur"), Decimal(0))
    assert brought != 0
    assert abs(values[-1] - values[0] - brought - still_open) < Decimal("1E-6")


def test_records_are_made_once_and_again_when_the_journal_has_grown(copied) -> None:
    records_of(copied)
    first = (copied / "records" / "records.json").stat().st_mtime_ns
    records_of(copied)
    assert (copied / "records" / "records.json").stat().st_mtime_ns == first
    last = sorted((copied / "journal").glob("*.seg"))[-1]
    os.utime(last, ns=(1, 1))
    records_of(copied)
    assert (copied / "records" / "records.json").stat().st_mtime_ns > first
    assert sorted(path.name for path in copied.iterdir() if "records" in path.name) == ["records"]
    names = {path.name for path in (copied / "records").iterdir()}
    assert names == {f"{name}.parquet" for name in TABLES} | {"records.json"}


def test_a_thin_journal_gives_the_same_tables_but_for_the_quotes(finished) -> None:
    whole = list(records(PosixDisk(finished / "journal")))
    bulk = {kind.__name__ for kind in BULK}
    thin = [msgspec.structs.replace(each, flags=BARE, payload=b"") if each.type in bulk else each for each in whole]
    one, two = read_journal(whole), read_journal(thin)
    assert [name for name in TABLES if name != "orders" and one.tables[name] != two.tables[name]] == []
    bare = dict.fromkeys(("half_spread_bps", "spread_eur", "impact_eur"))
    orders = [[msgspec.structs.replace(row, **bare) for row in each.tables["orders"]] for each in (one, two)]
    assert orders[0] == orders[1] != []
    assert (one.thin, two.thin) == (False, True)


def test_a_damaged_journal_is_no_record(copied) -> None:
    shutil.rmtree(copied / "records", ignore_errors=True)
    segment = sorted((copied / "journal").glob("*.seg"))[0]
    data = bytearray(segment.read_bytes())
    data[len(data) // 3] ^= 1
    segment.write_bytes(data)
    with pytest.raises(JournalDamaged):
        records_of(copied)
    assert not (copied / "records").exists()


def test_a_table_that_was_damaged_is_named(copied) -> None:
    found = records_of(copied)
    (copied / "records" / "orders.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunsUnusable, match=r"records cannot be read: .*orders\.parquet"):
        found.table("orders")
