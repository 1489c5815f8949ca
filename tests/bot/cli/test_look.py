"""Replay, why, verify, inspect and runs: what was recorded is told, and what was changed in it is found by name."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zstandard

from adapters.journal.disk import PosixDisk
from adapters.journal.record import OUTSIDE, Record
from contracts import codec
from contracts.decision import Intent
from contracts.life import RunStarted
from tests.bot.conftest import SECONDS
from tests.kit.command_line import REPOSITORY, bot, bot_process
from tests.kit.journals import reseal


def resealed(run: Path, edit: Callable[[Record], Record]) -> Path:
    """The run with its records edited and every checksum and hash right again."""
    journal = run / "journal"
    before = journal.rename(run / "before")
    reseal(PosixDisk(before), PosixDisk(journal), edit)
    return run


def rewritten(record: Record, kind: type[msgspec.Struct], **changed: object) -> Record:
    """The record with fields of its message changed, if it is of that kind."""
    if record.type != kind.__name__:
        return record
    message = msgspec.structs.replace(codec.decode(record.type, record.payload), **changed)
    return msgspec.structs.replace(record, payload=codec.encode(message))


def an_order(run: Path) -> str:
    """The id of an order that the run sent and that was filled."""
    data = b"".join(path.read_bytes() for path in sorted((run / "journal").glob("*.seg")))
    return re.findall(rb"k1-\d{6}-\d\d-0", data)[0].decode()


# replay and verify


def test_a_replay_says_that_every_byte_was_equal(finished) -> None:
    said = bot("replay", finished, "--json")
    assert said.code == 0
    assert said.json["byte_identical"] and said.json["divergence"] is None
    assert said.json["decisions"] >= SECONDS - 2
    assert re.fullmatch("[0-9a-f]{64}", said.json["decision_hash"])
    assert said.err == ""


def test_a_run_is_found_by_path_by_name_and_as_the_last(finished) -> None:
    runs = finished.parent.parent
    said = [
        bot("replay", name, "--runs", runs) for name in (finished, finished.name, f"canary/{finished.name}", "last")
    ]
    assert [each.code for each in said] == [0, 0, 0, 0]
    assert len({each.out for each in said}) == 1


def test_a_decision_that_was_changed_and_resealed_is_named_with_its_field(copied) -> None:
    run = resealed(copied, lambda record: rewritten(record, Intent, cvar_max=4.0))
    assert bot("verify", run).code == 0
    said = bot("replay", run, "--json")
    assert said.code == 8
    divergence = said.json["divergence"]
    assert (divergence["type"], divergence["field"], divergence["recorded"]) == ("Intent", "cvar_max", "4.0")
    assert f"diverged at seq {divergence['seq']}" in said.error
    assert "Intent from risk differs in cvar_max: recorded 4.0, replayed" in said.error


def test_a_replay_is_told_by_the_name_of_the_run_that_was_asked_for(copied) -> None:
    """The journal of a backtest over an export begins with the words of the run that was exported."""
    asked = copied.rename(copied.with_name("paper-000007"))
    assert bot("replay", asked).out.startswith("paper-000007: ")
    assert bot("replay", asked, "--json").json["run"] == "paper-000007"


def test_one_flipped_byte_is_found_by_replay_and_verify_with_its_place(copied) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    told = [bot(verb, copied) for verb in ("replay", "verify")]
    assert [each.code for each in told] == [10, 10]
    places = [re.search(r"damaged at seq (\d+), offset (\d+) of journal-000001\.seg", each.error) for each in told]
    assert places[0] is not None and places[1] is not None
    assert places[0].groups() == places[1].groups()
    assert 0 < len(data) // 2 - int(places[0][2]) < 4096
    assert bot("verify", copied, "--json").json["ok"] is False


def test_on_another_processor_equality_is_named_and_bytes_are_never_claimed(copied) -> None:
    def elsewhere(record: Record) -> Record:
        if record.type != RunStarted.__name__:
            return record
        started = codec.decode(record.type, record.payload)
        return rewritten(record, RunStarted, fingerprint=started.fingerprint | {"cpu.features": "Z80"})

    said = bot("replay", resealed(copied, elsewhere))
    assert said.code == 0
    assert "equal within 1e-9, not claimed to the byte" in said.out
    assert "another fingerprint: cpu.features" in said.err
    assert bot("replay", copied, "--json").json["byte_identical"] is False


@pytest.mark.parametrize("cut", [1, 40, 1_000, 5_000, 5_100, 5_200, 5_300])
def test_a_run_whose_end_was_cut_is_replayed_as_far_as_it_goes(copied, cut) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    segment.write_bytes(segment.read_bytes()[:-cut])
    said = bot("replay", copied, "--json")
    assert (said.code, said.json["byte_identical"]) == (0, True)
    assert said.json["records"] > 100


@pytest.mark.parametrize("verb", ["replay", "verify"])
@pytest.mark.parametrize("name", ["", "nothing", "*", "../..", "canary-000009", "é\n", "x" * 5000])
def test_a_run_that_is_not_there_is_told_with_those_that_are(finished, verb, name) -> None:
    said = bot(verb, name, "--runs", finished.parent.parent)
    assert said.code == 3
    assert "canary/canary-000001" in said.error


def test_where_there_is_no_run_yet_it_says_how_to_get_one(tmp_path) -> None:
    for verb in ("replay", "verify"):
        said = bot(verb, "--runs", tmp_path)
        assert (said.code, "start one with `bot run`" in said.error) == (3, True)
    assert not list(tmp_path.iterdir())


def test_a_run_without_its_profile_cannot_be_replayed_and_says_so(copied) -> None:
    for content in (None, b"{", b"{}", b"\xff"):
        (copied / "profile.json").unlink() if content is None else (copied / "profile.json").write_bytes(content)
        said = bot("replay", copied)
        assert (said.code, "profile.json" in said.error) == (4, True)


def test_a_run_that_recorded_nothing_is_not_the_last_one(copied) -> None:
    (copied.parent / "canary-000002" / "journal").mkdir(parents=True)
    assert bot("replay", "--runs", copied.parent.parent).code == 0
    said = bot("replay", "canary-000002", "--runs", copied.parent.parent)
    assert said.code in (3, 4) and said.error


def test_reading_leaves_a_run_as_it_was(copied) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(copied.rglob("*")) if path.is_file()}

    before = everything()
    for command in (("replay",), ("verify",), ("why", an_order(copied), "--run")):
        assert bot(*command, copied).code == 0
    assert everything() == before


@pytest.mark.numbers
def test_a_changed_constant_in_one_agents_code_diverges(finished, tmp_path) -> None:
    tree = tmp_path / "tree"
    for package in ("contracts", "quant", "runtime", "actors", "adapters", "bot"):
        shutil.copytree(REPOSITORY / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    agent = tree / "actors" / "agents" / "ts_momentum.py"
    text = agent.read_text()
    changed = re.sub(r"Evidence\.of\(", "Evidence.of(1.001 * ", text, count=1)
    assert changed != text
    agent.write_text(changed)
    said = bot_process("replay", finished, "--json", tree=tree)
    assert said.code == 8
    assert said.json["code_equal"] is False
    assert said.json["divergence"]["type"] == "SignalFrame"
    assert "the code is not the one that recorded the run (code 8)" in said.err


# why


def test_why_tells_the_whole_chain_from_the_fill_to_the_raw_rows(finished) -> None:
    said = bot("why", an_order(finished), "--run", finished, "--json").json
    types = [link["type"] for link in said["chain"]]
    order = ("Execution", "Fill", "Order", "Intent", "Selection", "Slate", "SignalFrame", "FeatureFrame", "MarkFrame")
    places = [types.index(kind) for kind in order]
    assert places == sorted(places)
    assert types.count("SignalFrame") >= 3
    assert types[-1] in ("Tick", "BookDelta", "BookSnapshot")
    intent = said["chain"][types.index("Intent")]["says"]
    assert intent["mark"] > 0 and intent["notional"] and intent["cvar_max"] > 0
    assert [link["seq"] for link in said["chain"] if link["step"] == "order life"] == sorted(
        (link["seq"] for link in said["chain"] if link["step"] == "order life"), reverse=True
    )


def test_why_is_aligned_rounded_and_without_digests_for_people(finished) -> None:
    order = an_order(finished)
    said = bot("why", order, "--run", finished)
    head, *lines = said.out.splitlines()
    assert head.startswith(f"{order} on ")
    assert not re.search(r"\d\.\d{7}", said.out)
    assert not re.search("[0-9a-f]{32}", said.out)
    assert {line[:11].strip() for line in lines} >= {
        "fill", "order", "intent", "selection", "slate", "signal", "features", "marks", "raw row",
    }  # fmt: skip
    assert all(line[11:54].strip() == "" or re.match(r" \d\d:\d\d:\d\d\.\d{3}  seq \d+ ", line[11:]) for line in lines)


@pytest.mark.parametrize("order", ["", "*", "k1-*", "[", "k9", "\x00", "😀", "k1-000001-00-0\n", "x" * 10_000])
def test_an_order_that_is_not_there_is_told_with_one_that_is(finished, order) -> None:
    said = bot("why", order, "--run", finished)
    assert said.code == 3
    assert re.search(r"the last is k1-|did you mean k1-", said.error)


def test_a_near_miss_gets_near_ids(finished) -> None:
    order = an_order(finished)
    said = bot("why", order[:-1] + "7", "--run", finished)
    assert (said.code, f"did you mean {order[:9]}" in said.error) == (3, True)


# inspect

SNAPSHOT = {
    "channel": "l2_data",
    "client_id": "",
    "timestamp": "2026-01-01T12:00:00.000000Z",
    "sequence_num": 0,
    "events": [
        {
            "type": "snapshot",
            "product_id": "BTC-USD",
            "updates": [
                {
                    "side": side,
                    "event_time": "2026-01-01T12:00:00.000000Z",
                    "price_level": price,
                    "new_quantity": quantity,
                }
                for side, price, quantity in (("bid", "100.00", "1.5"), ("offer", "100.02", "2.5"))
            ],
        }
    ],
}


def an_update(sequence: int, price: str, quantity: str) -> dict[str, object]:
    update = {
        "side": "bid",
        "event_time": "2026-01-01T12:00:01.000000Z",
        "price_level": price,
        "new_quantity": quantity,
    }
    event = {"type": "update", "product_id": "BTC-USD", "updates": [update]}
    return SNAPSHOT | {"sequence_num": sequence, "events": [event]}


def a_recording(path: Path, *frames: dict[str, object]) -> Path:
    """A recording of those frames, a second apart."""
    lines = [
        {"t": "header", "format": 2},
        {"t": "connect", "conn": "1", "ts": 1e9, "addr": "wss://advanced-trade-ws.coinbase.com"},
    ]
    for number, frame in enumerate(frames):
        text = json.dumps(frame, separators=(",", ":"))
        lines.append({"t": "recv", "conn": "1", "ts": 1e9 + number, "data": text})
    path.write_bytes(zstandard.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    return path


def test_inspect_says_what_is_in_a_recording(tmp_path) -> None:
    path = a_recording(tmp_path / "tiny.jsonl.zst", SNAPSHOT, an_update(1, "100.01", "3"), an_update(2, "100.00", "0"))
    said = bot("inspect", path, "--json", "--checkpoints", "1,2")
    assert said.code == 0
    assert "100.01" in said.out
    told = bot("inspect", path).out
    assert told.count("\n") == len(said.json)
    assert "recv 3" in told and not set("{}[]'") & set(told)


def test_inspect_names_a_gap(tmp_path) -> None:
    whole = a_recording(tmp_path / "whole.jsonl.zst", SNAPSHOT, an_update(1, "100.01", "3"), an_update(2, "99.00", "1"))
    holed = a_recording(tmp_path / "holed.jsonl.zst", SNAPSHOT, an_update(1, "100.01", "3"), an_update(3, "99.00", "1"))
    assert bot("inspect", whole, "--json").json != bot("inspect", holed, "--json").json
    assert '"gap' in bot("inspect", holed, "--json").out


def test_a_recording_that_was_cut_is_told(tmp_path) -> None:
    path = a_recording(tmp_path / "tiny.jsonl.zst", SNAPSHOT)
    path.write_bytes(path.read_bytes()[:-9])
    said = bot("inspect", path, "--json")
    assert (said.code, said.out) == (10, "")
    assert "the file was cut" in said.error


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, 3), (b"", 4), (b"hello", 4), (zstandard.compress(b"hello\n"), 4), (b"\x1f\x8b\x08", 10)],
)
def test_what_is_no_recording_is_told(tmp_path, content, code) -> None:
    path = tmp_path / "x.zst"
    if content is not None:
        path.write_bytes(content)
    said = bot("inspect", path, "--json")
    assert (said.code, said.out) == (code, "")
    assert str(path) in said.error


@pytest.mark.parametrize("checkpoints", ["1,x", "-1", "0", "1.5", "9" * 30, "²"])
def test_checkpoints_that_cannot_be_meant_are_refused(tmp_path, checkpoints) -> None:
    said = bot("inspect", tmp_path / "x", f"--checkpoints={checkpoints}")
    assert (said.code, "--checkpoints was" in said.error) == (2, True)


# runs


def test_runs_are_listed_for_people_and_as_one_object(copied) -> None:
    runs = copied.parent.parent
    (row,) = bot("runs", "--runs", runs, "--json").json["runs"]
    assert (row["run"], row["account"], row["state"], row["path"]) == (copied.name, "canary", "sealed", str(copied))
    assert row["records"] == bot("verify", copied, "--json").json["records"]
    said = bot("runs", "--runs", runs)
    assert said.out.startswith(f"canary/{copied.name} ")
    assert said.out.rstrip().endswith("sealed")


def test_a_damaged_run_is_found_by_verifying_all(copied) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    said = bot("runs", "--runs", copied.parent.parent, "--verify")
    assert said.code == 0
    assert "damaged  the journal is damaged at seq" in said.out


def test_no_run_is_no_failure(tmp_path) -> None:
    for runs in (tmp_path, tmp_path / "none"):
        said = bot("runs", "--runs", runs)
        assert (said.code, said.out) == (0, "")
        assert "start one with `bot run" in said.err
        assert bot("runs", "--runs", runs, "--json").json["runs"] == []


def test_a_file_is_no_runs_directory(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for verb in ("runs", "replay", "verify", "status"):
        said = bot(verb, "--runs", tmp_path / "file")
        assert (said.code, "is no directory" in said.error) == (4, True)


def test_admitted_messages_are_what_a_replay_lets_in(finished) -> None:
    from adapters.journal.reader import records

    outside = [record for record in records(PosixDisk(finished / "journal")) if record.flags & OUTSIDE]
    assert outside[0].type == RunStarted.__name__
