"""A look-ahead agent is caught, however it looks; the honest are not, nor the features, nor the data."""

import msgspec
import pytest

from bot.lookahead.checking import Asked, check, lives_of
from bot.lookahead.lives import Told
from bot.profile import load
from bot.settings import AgentProfile
from contracts.history import DatasetUnusable
from tests.bot.lookahead.peeking import DATA
from tests.kit.history_data import a_walk
from tests.kit.worlds import a_profile

TOLD = Told(int(DATA.block.close_ns[100]), 2**62)
ASKED = Asked(cuts=1, seed=1)


def with_agent(name):
    profile = a_profile("backtest", feed__warmup_bars=100, cadence__decide_s=600)
    own = AgentProfile(kind=f"tests.bot.lookahead.peeking:{name}", horizon_s=300.0, prior=0.05, label_s=300.0)
    return msgspec.structs.replace(profile, agents=profile.agents | {"own": own})


@pytest.fixture(scope="module")
def honest():
    lives = []
    found = check(with_agent("Honest"), DATA, TOLD, ASKED._replace(seen=lives.append))
    assert len(lives) == lives_of(ASKED) == 3
    return found


@pytest.mark.numbers
def test_an_honest_agent_and_all_features_raise_no_alarm(honest) -> None:
    assert (honest.faults, honest.foresight, honest.column_faults, honest.failures) == ((), (), (), ())
    assert honest.clean
    assert honest.values > 50
    assert (honest.stamps, len(honest.cuts)) == (110, 1)


@pytest.mark.numbers
def test_an_agent_that_remembers_another_life_is_caught_by_the_shorter_history() -> None:
    found = check(with_agent("Remembering"), DATA, TOLD, ASKED)

    assert not found.clean
    assert {each.source for each in found.faults} <= {"own", "weighter"}
    mine = [each for each in found.faults if each.source == "own"]
    assert {"mu", "score"} <= {each.column for each in mine}
    assert all(each.symbol and each.known != each.cut and each.off > 0.0 for each in mine if each.column == "score")


@pytest.mark.numbers
def test_an_agent_that_reads_the_data_itself_is_caught_by_what_it_knows() -> None:
    found = check(with_agent("Reading"), DATA, TOLD, ASKED)

    assert [(each.source, each.column) for each in found.foresight] == [("own", "mu")]
    assert abs(found.foresight[0].ic) > 0.9
    assert abs(found.foresight[0].delayed) < 0.3


@pytest.mark.parametrize(("name", "alarms"), [("tests.bot.lookahead.peeking:PeekingStrategy", 1), ("ema_cross", 0)])
def test_a_strategy_that_peeks_is_caught_by_what_it_wants_and_one_that_does_not_is_not(name, alarms) -> None:
    profile = a_profile("backtest", feed__warmup_bars=20, cadence__decide_s=300, strategy={"name": name})
    data = DATA if alarms else a_walk(width=2, times=400, seed=2)
    found = check(profile, data, Told(int(data.block.close_ns[30]), 2**62), ASKED)

    assert [(each.source, each.column) for each in found.foresight] == [("strategy", "position")] * alarms
    assert (found.faults, found.values, found.agents) == ((), 1, ())


def test_a_history_too_short_to_be_cut_is_refused() -> None:
    short = a_walk(width=2, times=30)
    with pytest.raises(DatasetUnusable, match="30 stamps"):
        check(with_agent("Honest"), short, Told(0, 2**62), ASKED)


@pytest.mark.numbers
def test_the_twelve_shipped_agents_and_all_features_raise_no_alarm_over_three_lies() -> None:
    data = a_walk(width=4, times=900, seed=21)
    found = check(load("backtest", {}), data, Told(int(data.block.close_ns[200]), 2**62), Asked(cuts=3, seed=2))

    assert found.clean
    assert (len(found.agents), found.failures) == (12, ())
    assert found.values > 70
