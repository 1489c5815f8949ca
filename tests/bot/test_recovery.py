"""Recovery: a cut turn is redone and not sent, a snapshot is as good as the whole past, poison is passed over."""

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import Record, segment_name, segment_numbers
from adapters.journal.scan import Scan
from adapters.simulated.ledger import audit
from bot.recovery import store_image
from bot.worlds import replayed_bus
from contracts import codec
from contracts.decision import DecisionLog
from contracts.life import Poisoned
from contracts.trade import OrderNotSent, OrderState
from runtime.bus import Bus
from runtime.replay import Comparer, Replay, poisoned_seqs
from tests.kit.lives import Life, live
from tests.kit.worlds import a_profile

PROFILE = a_profile(simulated__market__drift_per_sigma=1.0, feed__warmup_bars=60)
FIRST_S = 9.0


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of a process that was killed after it had traded."""
    runs = tmp_path_factory.mktemp("killed")
    live(PROFILE, runs, seconds=FIRST_S, killed=True)
    return runs


@pytest.fixture
def runs(killed: Path, tmp_path: Path) -> Path:
    """A copy of them for one test."""
    return Path(shutil.copytree(killed, tmp_path / "runs"))


def run_of(runs: Path) -> Path:
    return next((runs / "canary").glob("canary-*"))


def journal_of(runs: Path) -> PosixDisk:
    return PosixDisk(run_of(runs) / "journal")


def cut_after_an_order(runs: Path) -> tuple[Record, str]:
    """Cut the journal right behind the last order's own record, and the broker's ledger before it heard of it.

    Returns the outside message of the turn, and the order's client id.
    """
    disk = journal_of(runs)
    orders = [record for record in records(disk) if record.type == "Order"]
    first, client_id = first_of_its_turn(disk, orders[-1]), codec.decode("Order", orders[-1].payload).client_id
    scan = Scan(disk)
    for record in scan.records():
        if record.seq == orders[-1].seq:
            break
    end = scan.end
    os.truncate(run_of(runs) / "journal" / segment_name(end.segment), end.offset)
    for number in segment_numbers(disk.names()):
        if number > end.segment:
            disk.remove(segment_name(number))
    forget(runs / "broker.jsonl", [each for each in orders if each.turn == orders[-1].turn])
    return first, client_id


def first_of_its_turn(disk: PosixDisk, wanted: Record) -> Record:
    return next(record for record in records(disk) if record.turn == wanted.turn)


def forget(ledger: Path, orders: list[Record]) -> None:
    names = [codec.decode("Order", each.payload).client_id.encode() for each in orders]
    lines = ledger.read_bytes().splitlines(keepends=True)
    known = next((number for number, line in enumerate(lines) if any(name in line for name in names)), len(lines))
    ledger.write_bytes(b"".join(lines[:known]))


def again(runs: Path, *, seconds: float = 8.0, killed: bool = False) -> Life:
    return live(PROFILE, runs, seconds=seconds, after_s=FIRST_S + 1, killed=killed)


def said(life: Life, kind: type) -> list[Any]:
    return [each.payload for each in life.envelopes if type(each.payload) is kind]


def replayed(runs: Path) -> Bus:
    """The whole journal again from its start; raises Diverged."""
    comparer = Comparer()
    player = Replay(comparer)
    bus = replayed_bus(PROFILE, comparer, player.now)
    disk = journal_of(runs)
    player.run(bus, records(disk), poisoned=poisoned_seqs(records(disk)))
    assert comparer.exact
    return bus


def state_hash(bus: Bus) -> str:
    image = bus.image()
    assert image is not None
    return hashlib.blake2b(b"".join(cell.state for cell in image.cells)).hexdigest()


def test_a_killed_run_is_taken_up_and_its_orders_are_asked_for(runs):
    life = again(runs)
    assert life.recovered is not None
    assert life.recovered.compared > 0
    assert life.opened.epoch == 2
    assert [each.state for each in said(life, DecisionLog)][-1] == "TRADING"
    assert audit(runs / "broker.jsonl").duplicates == 0


def test_the_order_of_a_cut_turn_comes_out_as_not_sent_and_never_reaches_the_venue(runs):
    _, client_id = cut_after_an_order(runs)
    life = again(runs)
    assert life.recovered is not None
    assert life.recovered.unfinished
    assert client_id in life.recovered.not_sent
    assert client_id in [each.client_id for each in said(life, OrderNotSent)]
    assert [each.state for each in said(life, OrderState) if each.client_id == client_id][-1] == "NOT_SENT"
    assert client_id not in audit(runs / "broker.jsonl").orders


def test_a_redone_turn_is_said_to_its_end_and_the_whole_run_replays_byte_for_byte(runs):
    cut_after_an_order(runs)
    again(runs)
    replayed(runs)


def test_a_snapshot_with_its_tail_comes_to_the_state_of_the_whole_past(tmp_path):
    first = live(PROFILE, tmp_path, seconds=FIRST_S, killed=True)
    image = first.system.bus.image()
    assert image is not None
    store_image(image, first.opened.snapshots)
    from_seq = image.seq
    second = again(tmp_path, seconds=6, killed=True)
    third = live(PROFILE, tmp_path, seconds=0.01, after_s=30, killed=True)
    assert second.recovered is not None
    assert second.recovered.from_seq == from_seq
    assert third.recovered is not None
    assert third.recovered.from_seq == from_seq
    assert third.recovered.compared == third.recovered.to_seq - from_seq
    assert state_hash(replayed(tmp_path)) == state_hash(third.system.bus)


def test_a_broken_snapshot_is_passed_over_for_the_whole_past(tmp_path):
    first = live(PROFILE, tmp_path, seconds=FIRST_S, killed=True)
    image = first.system.bus.image()
    assert image is not None
    store_image(image, first.opened.snapshots)
    (path,) = (run_of(tmp_path) / "snapshots").glob("snapshot-*.bin")
    path.write_bytes(path.read_bytes()[:-1])
    second = again(tmp_path, seconds=1, killed=True)
    assert second.recovered is not None
    assert second.recovered.from_seq == 0
    replayed(tmp_path)


def test_an_actor_that_does_not_take_its_state_any_more_folds_the_whole_past(tmp_path, monkeypatch):
    first = live(PROFILE, tmp_path, seconds=FIRST_S, killed=True)
    image = first.system.bus.image()
    assert image is not None
    store_image(image, first.opened.snapshots)

    def refused(self, state):
        raise ValueError("it remembers other things")

    monkeypatch.setattr(type(first.system.bus.cells[-1].actor), "restore", refused)
    second = again(tmp_path, seconds=1, killed=True)
    assert second.recovered is not None
    assert (second.recovered.from_seq, second.recovered.compared > 0) == (0, True)
    replayed(tmp_path)


def note(runs: Path, seq: int, count: int) -> None:
    (run_of(runs) / "recovering.json").write_text(f'{{"seq":{seq},"count":{count}}}')


def test_a_message_that_killed_the_process_twice_is_passed_over_and_put_on_record(runs):
    cut, client_id = cut_after_an_order(runs)
    note(runs, cut.seq, 1)
    life = again(runs)
    assert life.recovered is not None
    assert life.recovered.poisoned == Poisoned(cut.seq, 2)
    assert said(life, Poisoned) == [Poisoned(cut.seq, 2)]
    assert life.recovered.not_sent == ()
    assert client_id not in audit(runs / "broker.jsonl").orders
    replayed(runs)


def test_the_word_about_poison_follows_the_message_with_nothing_between(runs):
    cut, _ = cut_after_an_order(runs)
    note(runs, cut.seq, 1)
    again(runs)
    kept = list(records(journal_of(runs)))
    (place,) = [number for number, record in enumerate(kept) if record.type == "Poisoned"]
    assert kept[place - 1].turn == cut.turn
    assert kept[place].turn == cut.turn + 1


@pytest.mark.parametrize("count", [1, 5])
def test_deaths_of_another_message_are_no_deaths_of_this_one(runs, count):
    cut, _ = cut_after_an_order(runs)
    note(runs, cut.seq - 1, count)
    life = again(runs)
    assert life.recovered is not None
    assert life.recovered.poisoned is None
    assert not (run_of(runs) / "recovering.json").exists()


@pytest.mark.parametrize(("what", "poisoned"), [("Beat", True), ("Tick", False)])
def test_the_watchdogs_count_stands_if_it_is_of_the_same_message(runs, what, poisoned):
    """A market row that the process took with it left its number to another message: the type tells."""
    cut, _ = cut_after_an_order(runs)
    assert cut.type == "Beat"
    note_of_watchdog = f'{{"seq":{cut.seq},"what":"{what}","lag_s":5.1,"deaths":2}}'
    (run_of(runs) / "stalled.json").write_text(note_of_watchdog)
    life = again(runs)
    assert life.recovered is not None
    assert (life.recovered.poisoned is not None) == poisoned


def test_a_start_that_dies_before_it_comes_to_the_message_blames_nobody(runs, monkeypatch):
    cut_after_an_order(runs)
    play = Replay._turn

    def dying(self: Replay, bus: Bus, turn: list[Record], poisoned: frozenset[int]) -> None:
        if turn[0].turn == 5:
            raise KeyboardInterrupt
        play(self, bus, turn, poisoned)

    monkeypatch.setattr(Replay, "_turn", dying)
    with pytest.raises(KeyboardInterrupt):
        again(runs)
    assert not (run_of(runs) / "recovering.json").exists()


HANGING = """
    import sys, time
    from pathlib import Path
    from bot import recovery
    from actors.risk_gate import RiskGate
    from tests.bot import test_recovery

    recovery.REDO_S_MAX = 0.5
    runs, seq = Path(sys.argv[1]), int(sys.argv[2])
    receive = RiskGate.receive
    RiskGate.receive = lambda self, said: time.sleep(60) if said.turn == seq else receive(self, said)
    test_recovery.again(runs, seconds=1)
"""


@pytest.mark.numbers
def test_a_message_that_hangs_again_when_redone_ends_the_start_and_the_next_one_passes_it_over(runs):
    cut, _ = cut_after_an_order(runs)
    command = [sys.executable, "-c", textwrap.dedent(HANGING), str(runs), str(cut.turn)]
    hung = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=60)
    assert hung.returncode == 1
    assert b"RiskGate" in (run_of(runs) / "stalled.txt").read_bytes() or (run_of(runs) / "stalled.txt").stat().st_size
    life = again(runs, seconds=1)
    assert life.recovered is not None
    assert life.recovered.poisoned == Poisoned(cut.seq, 2)
