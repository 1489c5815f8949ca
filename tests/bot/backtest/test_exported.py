"""What an export keeps of a run."""

import pytest

from bot.backtest.exported import TOLD_ANEW, export_run, is_export, opened_export
from bot.runs import RunsUnusable
from contracts.history import DatasetUnusable
from contracts.life import RunStarted, RunStopped
from contracts.topics import BY_TYPE_NAME
from runtime.replay import DecisionHash
from tests.kit.command_line import bot
from tests.kit.journals import read_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A canary of half a virtual minute that trades."""
    runs = tmp_path_factory.mktemp("runs")
    told = bot("run", "--profile", "canary", "--for", "30s", "--speed", "max", "--runs", runs, "--json")
    assert told.code == 0, told.err
    return next((runs / "canary").glob("canary-*"))


def nothing(size):
    """Nobody is told."""


def test_the_outside_is_kept_in_its_order_without_the_answers_of_the_venue(run, tmp_path):
    export = export_run(run, tmp_path / "export", nothing)
    recorded = [
        (each.at_ns, each.source, each.payload)
        for each in read_run(run)
        if BY_TYPE_NAME[type(each.payload).__name__].outside and type(each.payload).__name__ not in TOLD_ANEW
    ]
    assert list(export.outside()) == recorded
    assert isinstance(recorded[0][2], RunStarted) and isinstance(recorded[-1][2], RunStopped)
    assert is_export(export.directory) and not is_export(run)
    assert opened_export(export.directory) == export


def test_the_decisions_to_compare_with_are_those_of_the_run(run, tmp_path):
    export = export_run(run, tmp_path / "export", nothing)
    decisions = DecisionHash()
    for _, said in export.decided():
        decisions.add(said)
    assert decisions.hexdigest() == export.made_of.decision_hash
    assert export.made_of.decisive == len(list(export.decided())) > 10


def test_an_export_is_written_whole_or_not_at_all(run, tmp_path):
    export_run(run, tmp_path / "export", nothing)
    with pytest.raises(RunsUnusable, match="is there already"):
        export_run(run, tmp_path / "export", nothing)

    def interrupted(size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_run(run, tmp_path / "another", interrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_what_is_no_export_is_said_to_be_none(tmp_path):
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(DatasetUnusable, match="no export that can be read"):
        opened_export(tmp_path)


def test_a_run_of_decisions_alone_has_nothing_to_tell(tmp_path):
    made = (
        "data",
        "make",
        "--into",
        tmp_path / "d",
        "--seed",
        "7",
        "--instruments",
        "2",
        "--bars",
        "30",
        "--bar",
        "5m",
    )
    assert bot(*made).code == 0
    arguments = ("--data", tmp_path / "d", "--runs", tmp_path, "--decisions-only", "--set", "cadence.decide_s=1800")
    told = bot("backtest", *arguments)
    assert told.code == 0, told.err
    run = next((tmp_path / "backtest").glob("backtest-*"))
    with pytest.raises(DatasetUnusable, match="kept its decisions alone"):
        export_run(run, tmp_path / "export", nothing)
