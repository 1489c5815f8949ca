"""Two lives of one run: with one policy they are one, with another the market and the account stay the same."""

from functools import partial

import pytest

from adapters.journal.reader import records
from bot.diffing.policy import Policy, policy_of
from bot.diffing.stages import differing
from bot.diffing.twins import twins
from bot.models.places import store_of
from bot.profile import stored
from bot.replaying import journal_of
from bot.worlds import replayed_bus
from contracts import codec
from contracts.account import Equity, Position
from contracts.belief import FeatureFrame, ModelFitted, SignalFrame
from contracts.decision import DecisionLog, Intent
from contracts.ports import ModelRejected
from contracts.trade import Execution, Fill, Order, OrderState
from runtime.replay import Comparer, Diverged

ACCOUNT = (Order, OrderState, Execution, Position, Equity)


def lives(run, *sets, **more):
    profile = stored(run)
    policy = policy_of(run, profile, "", sets, {}, store_of(run / "nowhere"))
    return twins(records(journal_of(run)), Comparer(), partial(_bus, profile, run), policy._replace(**more))


def _bus(profile, run, journal, now):
    return replayed_bus(profile, journal, now, run)


def messages(lives, which, *kinds):
    turns = [getattr(pair, which) for pair in lives]
    return [each.payload for turn in turns for each in turn if not kinds or isinstance(each.payload, kinds)]


def told(lives, which, *kinds):
    return [codec.encode(payload) for payload in messages(lives, which, *kinds)]


def test_under_the_recorded_policy_the_second_life_is_the_first_to_the_byte(finished) -> None:
    pairs = list(lives(finished))

    assert all(pair.was == pair.now for pair in pairs)
    assert told(pairs, "was", Order, Fill)
    assert told(pairs, "was") == told(pairs, "now")


def test_under_another_policy_market_and_account_are_those_of_the_record(finished) -> None:
    pairs = list(lives(finished, "risk.cvar_budget_ratio=0.0005"))

    assert told(pairs, "was", Intent) != told(pairs, "now", Intent)
    beliefs = [messages(pairs, which, FeatureFrame, SignalFrame) for which in ("was", "now")]
    assert not any(differing(was, now) for was, now in zip(*beliefs, strict=True))
    for kind in ACCOUNT:
        assert told(pairs, "was", kind) == told(pairs, "now", kind) != []
    assert len(told(pairs, "was", DecisionLog)) == len(told(pairs, "now", DecisionLog))


def test_another_cadence_desk_or_ledger_changes_nothing_because_they_are_on_record(finished) -> None:
    pairs = list(lives(finished, "cadence.decide_s=2", "desk.order_ttl_s=0.5", "ledger.mark_age_s_max=0.001"))
    assert told(pairs, "was") == told(pairs, "now")


def test_a_life_that_leaves_its_record_is_not_compared_to_anything(finished) -> None:
    profile = stored(finished)
    other = policy_of(finished, profile, "", ("risk.cvar_budget_ratio=0.0005",), {}, store_of(finished))
    with pytest.raises(Diverged):
        list(twins(records(journal_of(finished)), Comparer(), partial(_bus, other.profile, finished), other))


def test_a_chosen_model_is_told_once_and_recorded_ones_are_not(finished) -> None:
    class Asked:
        def __init__(self) -> None:
            self.models: list[str] = []

        def texts(self, model):
            self.models.append(model)
            raise ModelRejected("none here")

    shelf = Asked()
    fitted = ModelFitted(model="abc", schema="", trained_until_ns=0, examples=0, challenger=False, detail="")
    pairs = list(lives(finished, fitted=fitted, models=shelf))

    assert shelf.models == ["abc", "abc"]  # by the weighter and by the watcher of its inputs, once each
    assert told(pairs, "now", ModelFitted) == []
    assert isinstance(policy_of(finished, stored(finished), "", (), {}, store_of(finished)), Policy)
