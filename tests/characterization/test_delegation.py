"""Delegation: who says what, in answer to what, and who is told; one author for every message, in a real run."""

from typing import Any

import msgspec

from contracts.account import Equity, Position
from contracts.decision import Intent, Refusal, Verdict
from contracts.envelope import Envelope
from contracts.life import Beat, RunStarted, Stopping
from contracts.market import BookFrame, MarkFrame
from contracts.ports import Clock, OrderVenue
from contracts.topics import TABLE, topic_of
from contracts.trade import CancelOrder, Order, OrderQuery, OrderState
from tests.characterization.runs import a_quick_profile, calm
from tests.kit.worlds import Run, TestWorld, simulate

ANSWERS = {
    ("sentinel", "RunStarted"): {"GateState"},
    ("sentinel", "FeedStatus"): {"GateState"},
    ("sentinel", "VenueStatus"): {"GateState"},
    ("sentinel", "Reconciled"): {"GateState"},
    ("sentinel", "Equity"): {"GateState"},
    ("sentinel", "Stopping"): {"GateState"},
    ("marker", "Beat"): {"MarkFrame"},
    ("bar_builder", "Beat"): {"BarFrame"},
    ("trade_keeper", "Beat"): {"TradeFrame"},
    ("book_keeper", "Beat"): {"BookFrame"},
    ("feature_engine", "BookFrame"): {"FeatureFrame"},
    ("regime_watcher", "BarHistory"): {"RegimeState"},
    ("regime_watcher", "BarFrame"): {"RegimeState"},
    ("momentum", "FeatureFrame"): {"SignalFrame"},
    ("reversion", "FeatureFrame"): {"SignalFrame"},
    ("order_flow", "FeatureFrame"): {"SignalFrame"},
    ("outcomes", "MarkFrame"): {"Outcome"},
    ("drift_watcher", "FeatureFrame"): {"DriftState"},
    ("weighter", "Beat"): {"Slate"},
    ("selector", "Slate"): {"Selection"},
    ("risk", "Selection"): {"Intent", "Refusal", "Verdict"},
    ("auditor", "Verdict"): {"DecisionLog"},
    ("desk", "Intent"): {"Order", "OrderState"},
    ("desk", "OrderAccepted"): {"OrderState"},
    ("desk", "Fill"): {"Execution", "OrderState"},
    ("ledger", "Execution"): {"Position", "Equity"},
    ("ledger", "Beat"): {"Equity"},
    ("ledger", "VenueSnapshot"): {"Reconciled", "Equity"},
}
"""Everything that is ever said in answer to something on a calm day."""

ADMITTED = {
    "process": {"RunStarted", "Stopping", "RunStopped"},
    "feed": {"UniverseChanged", "BarHistory", "FxMark", "FeedStatus", "BookSnapshot", "BookDelta", "Tick", "Trade"},
    "cadence": {"Beat"},
    "venue": {"VenueStatus", "VenueSnapshot", "OrderAccepted", "Fill"},
}
"""Everything that comes in from outside on a calm day, and through which gateway."""

GATEWAY_ROLES = {"process": "process", "feed": "feed", "cadence": "metronome", "venue": "venue", "bus": "bus"}


class Witness:
    """A venue that notes what is asked of it."""

    def __init__(self, venue: OrderVenue) -> None:
        self._venue = venue
        self.orders: list[Order] = []
        self.cancels: list[CancelOrder] = []
        self.queries: list[OrderQuery] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def submit(self, order: Order) -> Any:
        self.orders.append(order)
        return await self._venue.submit(order)

    async def cancel(self, cancel: CancelOrder) -> Any:
        self.cancels.append(cancel)
        return await self._venue.cancel(cancel)


def name_of(envelope: Envelope[Any]) -> str:
    return type(envelope.payload).__name__


def roles_of(run: Run) -> dict[str, str]:
    return {cell.name: cell.role for cell in run.system.bus.cells} | GATEWAY_ROLES


def heard_by(run: Run, kind: type[msgspec.Struct]) -> list[str]:
    return [cell.name for cell in run.system.bus.cells if kind in cell.actor_type.inputs]


def test_every_message_of_a_run_is_said_by_the_one_role_of_the_topics_table() -> None:
    run = calm()
    roles = roles_of(run)
    assert [each for each in run.envelopes if roles[each.source] != topic_of(each.payload).author] == []


def test_this_is_everything_that_is_said_in_answer_to_something() -> None:
    run = calm()
    said: dict[tuple[str, str], set[str]] = {}
    for each in run.envelopes:
        if each.cause:
            said.setdefault((each.source, name_of(run.at(each.cause))), set()).add(name_of(each))
    assert said == ANSWERS


def test_this_is_everything_that_comes_in_from_outside_and_by_whom() -> None:
    admitted: dict[str, set[str]] = {}
    for each in calm().envelopes:
        if not each.cause:
            admitted.setdefault(each.source, set()).add(name_of(each))
    assert admitted == ADMITTED


def test_only_what_the_topics_table_calls_outside_ever_begins_a_turn() -> None:
    assert [name_of(each) for each in calm().envelopes if topic_of(each.payload).outside != (each.cause == 0)] == []


def test_an_actor_only_answers_what_it_has_asked_to_hear() -> None:
    run = calm()
    inputs = {cell.name: cell.actor_type.inputs for cell in run.system.bus.cells}
    answers = [each for each in run.envelopes if each.cause]
    assert [each for each in answers if type(run.at(each.cause).payload) not in inputs[each.source]] == []


def test_only_the_gate_can_say_an_intent_and_only_the_desk_can_say_an_order() -> None:
    authors = {topic.payload.__name__: topic.author for topic in TABLE}
    assert (authors["Intent"], authors["Refusal"], authors["Verdict"]) == ("gate", "gate", "gate")
    assert (authors["Order"], authors["CancelOrder"], authors["Execution"]) == ("desk", "desk", "desk")
    roles = roles_of(calm())
    assert [name for name, role in roles.items() if role in ("gate", "desk")] == ["risk", "desk"]


def test_an_intent_is_told_to_the_desk_and_the_auditor_and_to_nobody_else() -> None:
    run = calm()
    assert heard_by(run, Intent) == ["desk", "auditor"]
    assert heard_by(run, Refusal) == heard_by(run, Verdict) == ["auditor"]


def test_no_actor_hears_an_order_it_is_for_the_gateway() -> None:
    assert heard_by(calm(), Order) == []


def test_what_the_desk_says_of_an_order_reaches_those_who_reserve_and_value_it() -> None:
    run = calm()
    assert heard_by(run, OrderState) == ["sentinel", "selector", "ledger", "risk"]
    assert heard_by(run, Position) == ["selector", "risk"]
    assert heard_by(run, Equity) == ["sentinel", "risk", "auditor"]


def test_the_sentinel_hears_a_mark_before_anybody_may_decide_on_it() -> None:
    run = calm()
    assert heard_by(run, MarkFrame)[0] == "sentinel"
    assert heard_by(run, BookFrame) == ["feature_engine"]
    assert heard_by(run, Beat)[:4] == ["sentinel", "marker", "bar_builder", "trade_keeper"]


def test_each_agent_signs_its_signals_with_its_own_name() -> None:
    signals = [each for each in calm().envelopes if name_of(each) == "SignalFrame"]
    assert [each for each in signals if each.payload.agent != each.source] == []
    assert list(dict.fromkeys(each.source for each in signals)) == ["momentum", "reversion", "order_flow"]


def test_every_order_of_the_desk_reaches_the_venue_exactly_once_and_as_it_was_said() -> None:
    witnesses: list[Witness] = []

    def witnessed(venue: OrderVenue, clock: Clock) -> Any:
        witnesses.append(Witness(venue))
        return witnesses[-1]

    run = simulate(world=TestWorld(a_quick_profile(), venue_of=witnessed), seconds=2.5, checked=False)
    said = [each.payload for each in run.of(Order)]
    assert len(said) >= 2
    by_id = {order.client_id: order for order in witnesses[0].orders}
    assert by_id == {order.client_id: order for order in said}
    assert len(witnesses[0].orders) == len(said)


def test_the_order_gateway_is_told_the_state_of_account_and_feeds_even_if_it_starts_after_them() -> None:
    run = calm()
    gateway = run.system.gateways["venue"]
    assert [kind.__name__ for kind in gateway.inputs] == [
        "GateState",
        "FeedStatus",
        "Order",
        "CancelOrder",
        "OrderQuery",
    ]
    retained = {topic.payload.__name__ for topic in TABLE if topic.retained}
    assert {"GateState", "FeedStatus"} <= retained
    assert not {"Order", "CancelOrder", "OrderQuery"} & retained


def test_the_feed_is_told_nothing_and_the_metronome_of_the_end_only() -> None:
    run = calm()
    assert [run.system.gateways[name].inputs for name in ("feed", "cadence")] == [(), (Stopping,)]


def test_no_outlet_ever_dropped_a_message() -> None:
    outlets = calm().system.outlets
    assert {name: outlet.dropped for name, outlet in outlets.items()} == dict.fromkeys(
        ("feed", "venue", "cadence", "trainer", "allocator"), 0
    )


def test_the_process_itself_says_when_it_begins_and_when_it_ends() -> None:
    run = calm()
    assert isinstance(run.envelopes[0].payload, RunStarted)
    assert [name_of(each) for each in run.envelopes if each.source == "process"] == [
        "RunStarted", "Stopping", "RunStopped",
    ]  # fmt: skip
