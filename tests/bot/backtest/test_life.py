"""What every backtest has."""

from adapters.journal.reader import records
from bot.backtest.life import EXIT_GAVE_UP, EXIT_OK, Life
from bot.opening import open_run
from bot.own_code import identity_here
from contracts.life import ActorFailed
from tests.kit.worlds import a_profile


def a_life(tmp_path):
    opened = open_run(a_profile(), tmp_path, identity_here(), virtual=True, fresh=True, passing=True)
    return Life(a_profile(), opened, tmp_path / "models"), opened


def test_an_actor_that_gave_up_is_why_a_backtest_ended(tmp_path):
    life, opened = a_life(tmp_path)
    assert life.result("over", {"data": "mine"}).exit_code == EXIT_OK
    life._on_failure(
        ActorFailed(actor="marker", group="core", error="boom", input_seq=1, failures=9, retry_ns=0, spent=True)
    )
    result = life.result("over", {"data": "mine"})
    assert (result.exit_code, result.reason) == (EXIT_GAVE_UP, "marker gave up: boom")
    assert result.summary["data"] == "mine"
    opened.journal.close(seal=True)
    assert list(records(opened.disk)) == []
