"""What changed is counted, named and traced: to the stage where it begins, and to the message where two lives part."""

import pytest

from bot.diffing.account import Tape
from bot.diffing.comparing import compare
from bot.diffing.decisions import STAGES, Gathering, Taken
from bot.diffing.stages import Cause, differing, first_cause, short
from bot.diffing.twins import Pair
from contracts.belief import SignalFrame
from contracts.column import floats
from contracts.decision import GateState, TargetFrame
from contracts.topics import BY_TYPE
from tests.bot.diffing.test_twins import lives
from tests.kit.command_line import bot


@pytest.fixture(scope="module")
def smaller(finished):
    """The run with a twentieth of its tail budget."""
    return compare(lives(finished, "risk.cvar_budget_ratio=0.0005"))


def test_nothing_differs_under_the_recorded_policy(finished) -> None:
    found = compare(lives(finished))
    assert (found.decisions, found.equal, found.moved) == (8, 8, 0)
    assert (found.changed, found.parting, found.failures) == ((), None, ())


def test_every_decision_is_equal_moved_or_changed(smaller) -> None:
    assert smaller.decisions == smaller.equal + smaller.moved + len(smaller.changed)
    assert smaller.changed
    assert sum(smaller.causes.values()) == len(smaller.changed)


def test_a_smaller_budget_changes_orders_at_the_gate_and_nothing_before_it(smaller) -> None:
    assert set(smaller.causes) == {"gate"}
    assert "picks" not in [kind for each in smaller.changed for kind in each.kinds]
    first = smaller.changed[0]
    assert first.orders[0] != first.orders[1] or first.refusals[0] != first.refusals[1]
    assert first.weights == 0.0


def test_two_lives_part_at_the_first_word_of_the_gate_because_of_a_beat(smaller) -> None:
    parting = smaller.parting
    assert parting is not None
    assert parting.source == "risk"
    assert [each.type for each in parting.chain] == ["Selection", "Slate", "Beat"]


def test_fewer_picks_begin_in_the_selection(finished) -> None:
    found = compare(lives(finished, "selection.picks_max=1"))
    assert set(found.causes) == {"selection"}
    assert all(len(each.picks[1]) <= 1 for each in found.changed)


def test_another_horizon_of_an_agent_begins_in_its_signal(finished) -> None:
    found = compare(lives(finished, "agents.ts_momentum.horizon_s=600"))
    assert found.parting is not None
    assert (found.parting.type, found.parting.source) == ("SignalFrame", "ts_momentum")
    assert found.equal < found.decisions
    assert set(found.causes) <= {"signals"}


def test_a_decision_only_one_life_came_to_is_told(finished) -> None:
    pairs = [Pair(pair.was, pair.now[:1]) for pair in lives(finished)]
    found = compare(pairs)
    assert found.decisions == 0
    assert all("only one of the two lives" in each for each in found.failures)
    assert found.failures


def test_every_stage_speaks_of_messages_in_the_table_and_none_twice() -> None:
    kinds = [kind for kinds in STAGES.values() for kind in kinds]
    assert len(kinds) == len({kind.__name__ for kind in kinds})
    assert all(kind in BY_TYPE for kind in kinds)
    assert Gathering().hear([]) is None
    assert Tape("desk").answer is not None


def a_signal(mu, **more):
    one = floats([1.0])
    return SignalFrame("a", 1, 60.0, floats([mu]), one, one, one, "normal", **({"based_on": ()} | more))


def test_numbers_of_other_messages_are_no_difference() -> None:
    assert differing(a_signal(0.1), a_signal(0.1, based_on=(7,))) == ()
    assert differing(a_signal(0.1), a_signal(0.2)) == ("mu",)
    assert differing(a_signal(float("nan")), a_signal(float("nan"))) == ()
    assert differing(GateState("TRADING", (), ()), GateState("HALTED", ("x",), ())) == ("state", "reasons")


def test_a_strategy_that_spoke_once_more_differs_only_where_it_wants_something_else(finished) -> None:
    first = Gathering()
    taken = next(found for pair in lives(finished) if (found := first.hear(pair.was)) is not None)

    def wanting(decision: int, *units: float) -> Taken:
        targets = TargetFrame(decision, 1, floats(units), ())
        return taken._replace(known=taken.known | {"selection": {"TargetFrame": targets}})

    assert first_cause(wanting(2, 0.5, 1.0), wanting(3, 0.5, 1.0), ("A", "B")) is None
    cause = first_cause(wanting(2, 0.5, 1.0), wanting(3, 0.5, 2.0), ("A", "B"))
    assert cause == Cause("selection", "targets B 1 -> 2")


def test_equal_decisions_have_no_cause(finished) -> None:
    first = Gathering()
    taken = next(found for pair in lives(finished) if (found := first.hear(pair.was)) is not None)
    assert first_cause(taken, taken, ()) is None
    assert short("x" * 100) == "x" * 60 + "…"


@pytest.mark.numbers
def test_the_first_changed_decision_is_the_one_that_the_other_policy_takes_when_it_really_runs(
    smaller, tmp_path
) -> None:
    """Up to there its account is that of the record, so nothing is assumed."""
    said = bot("run", "--for", "8s", "--speed", "max", "--quiet", "--json", "--runs", tmp_path,
               BOT__RISK__CVAR_BUDGET_RATIO="0.0005")  # fmt: skip
    own, taken = Gathering(), {}
    for pair in lives(tmp_path / "canary" / said.json["run"]):
        if (found := own.hear(pair.was)) is not None:
            taken[found.decision] = found

    first = smaller.changed[0]
    really = taken[first.decision]
    assert first.picks[1] == really.picks
    assert [line.removesuffix(" reduce-only").split()[1:] for line in first.orders[1]] == [
        [str(each.quantity), each.symbol] for each in really.intents
    ]
    assert len(first.refusals[1]) == len(really.refusals)
