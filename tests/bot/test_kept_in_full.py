"""`journal.full`: a topic that a digest would do for is kept whole, and the run replays as any other."""

from adapters.journal.reader import records
from bot.replaying import journal_of
from contracts import codec
from contracts.belief import FeatureFrame
from tests.kit.command_line import bot


def test_features_are_kept_whole_where_the_profile_says_so(tmp_path) -> None:
    kept = '["belief.features"]'
    told = bot("run", "--for", "2s", "--speed", "max", "--runs", tmp_path, "--json", BOT__JOURNAL__FULL=kept)
    run = tmp_path / "canary" / told.json["run"]
    found = [each for each in records(journal_of(run)) if each.type == FeatureFrame.__name__]
    assert found and all(each.kept for each in found)
    assert isinstance(codec.decode(found[0].type, found[0].payload), FeatureFrame)
    assert bot("replay", run, "--json").json["byte_identical"]


def test_a_topic_that_is_kept_whole_anyway_is_refused_by_name(tmp_path) -> None:
    told = bot("run", "--for", "1s", "--speed", "max", "--runs", tmp_path, BOT__JOURNAL__FULL='["trade.fill"]')
    assert told.code == 4
    assert "trade.fill" in told.err and "belief.features" in told.err
