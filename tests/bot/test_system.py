"""Crashes in a whole bot: who is rebuilt, who is left alone, and what a spent budget does to the account."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from actors.agents.ts_momentum import TsMomentum
from actors.bar_builder import BarBuilder
from actors.book_keeper import BookKeeper
from actors.execution_desk import ExecutionDesk
from actors.feature_engine import FeatureEngine
from actors.gateways.metronome import Metronome
from actors.gateways.order_gateway import OrderGateway
from actors.ledger import Ledger
from actors.marker import Marker
from actors.meta_weighter import MetaWeighter
from actors.outcomes import Outcomes
from actors.selector import Selector
from bot.system import EXIT_GAVE_UP, EXIT_OK
from bot.worlds import replayed_bus
from contracts import codec
from contracts.belief import SignalFrame, Slate
from contracts.decision import DecisionLog, GateState
from contracts.life import ActorFailed, ActorRestarted, GatewayFailed
from contracts.ports import OrderVenue, VenueSilent
from contracts.quantities import SECOND_NS
from contracts.trade import CancelOrder, Order, OrderQuery, OrderState
from runtime.replay import Comparer, Replay
from tests.kit.worlds import Run, TestWorld, a_profile, said, simulate

QUICK = {"simulated__market__drift_per_sigma": 1.0, "feed__warmup_bars": 60}
POISON_S = 6.3
ACTORS = {
    "marker": Marker,
    "bar_builder": BarBuilder,
    "book_keeper": BookKeeper,
    "feature_engine": FeatureEngine,
    "momentum": TsMomentum,
    "outcomes": Outcomes,
    "weighter": MetaWeighter,
    "selector": Selector,
    "ledger": Ledger,
    "desk": ExecutionDesk,
}


def poisoned(monkeypatch: pytest.MonkeyPatch, actor_class: type, is_poison: Callable[[Any], bool]) -> list[int]:
    """Make an actor crash on some messages; returns the seqs that it crashed on, as they come."""
    receive, crashed = actor_class.receive, []

    def fragile(self: Any, envelope: Any) -> Any:
        if is_poison(envelope) and (not crashed or envelope.seq >= crashed[0]):
            crashed.append(envelope.seq)
            raise RuntimeError("poison")
        return receive(self, envelope)

    monkeypatch.setattr(actor_class, "receive", fragile)
    return crashed


def after(seconds: float, profile: Any) -> Callable[[Any], bool]:
    """Every message from then on."""
    return lambda envelope: envelope.at_ns >= profile.simulated.start_ns + seconds * SECOND_NS


def first_after(seconds: float, profile: Any) -> Callable[[Any], bool]:
    """The first message from then on, whenever it is heard again."""
    seqs: list[int] = []

    def is_poison(envelope: Any) -> bool:
        if not seqs and after(seconds, profile)(envelope):
            seqs.append(envelope.seq)
        return seqs == [envelope.seq]

    return is_poison


def crashing(monkeypatch: pytest.MonkeyPatch, name: str, seconds: float = 14.9) -> tuple[Run, int, dict[str, Any]]:
    """A run in which that actor is poisoned once: the run, the poison's seq, and every actor as it was before."""
    profile = a_profile(**QUICK)
    crashed = poisoned(monkeypatch, ACTORS[name], first_after(POISON_S, profile))
    before: dict[str, Any] = {}
    acts = {POISON_S - 0.1: lambda system: before.update({cell.name: cell.actor for cell in system.bus.cells})}
    run = simulate(profile, seconds=seconds, acts=acts, checked=False)
    return run, crashed[0], before


def state_of(actor: Any) -> bytes:
    return codec.encode(actor.snapshot())


def replayed(run: Run) -> Comparer:
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(run.profile, comparer, player.now), run.records)
    return comparer


@pytest.mark.parametrize("name", list(ACTORS))
def test_a_poisoned_actor_is_rebuilt_as_one_that_never_heard_the_poison(monkeypatch, name):
    run, poison, before = crashing(monkeypatch, name)
    (cell,) = [cell for cell in run.system.bus.cells if cell.name == name]
    never_crashed = cell.factory()
    for envelope in run.envelopes:
        if type(envelope.payload) in never_crashed.inputs and envelope.seq != poison:
            tuple(never_crashed.receive(envelope))
    assert cell.actor is not before[name]
    assert state_of(cell.actor) == state_of(never_crashed)


@pytest.mark.parametrize("name", [name for name in ACTORS if name not in ("ledger", "desk")])
def test_one_for_one_leaves_every_sibling_untouched(monkeypatch, name):
    run, poison, before = crashing(monkeypatch, name)
    rebuilt = [cell.name for cell in run.system.bus.cells if cell.actor is not before[cell.name]]
    assert rebuilt == [name]
    (failed,), (restarted,) = said(run, ActorFailed), said(run, ActorRestarted)
    assert (failed.actor, failed.input_seq, failed.spent) == (name, poison, False)
    assert (restarted.actor, restarted.skipped) == (name, (poison,))


def test_one_for_all_rebuilds_the_whole_desk_in_one_turn_and_trading_goes_on(monkeypatch):
    run, _, before = crashing(monkeypatch, "ledger")
    rebuilt = [cell.name for cell in run.system.bus.cells if cell.actor is not before[cell.name]]
    assert rebuilt == ["sentinel", "ledger", "risk", "desk", "auditor"]
    (failed,) = run.of(ActorFailed)
    assert {each.turn for each in run.of(ActorRestarted)} == {failed.turn}
    assert said(run, DecisionLog, after_s=POISON_S + 1)


@pytest.mark.parametrize("name", ["marker", "momentum", "selector", "ledger"])
def test_a_run_with_a_crash_replays_byte_for_byte(monkeypatch, name):
    run, _, _ = crashing(monkeypatch, name)
    comparer = replayed(run)
    assert comparer.exact
    assert comparer.compared == len(run.records)


def test_a_snapshot_on_the_way_changes_nothing_in_what_a_crash_says(monkeypatch):
    profile = a_profile(**QUICK)
    poisoned(monkeypatch, TsMomentum, first_after(POISON_S, profile))
    acts = {POISON_S - 2: lambda system: system.bus.image()}
    run = simulate(profile, seconds=12, acts=acts, checked=False)
    assert said(run, ActorRestarted)
    assert replayed(run).exact


@pytest.mark.parametrize("name", ["marker", "feature_engine", "selector", "weighter"])
def test_a_spent_budget_of_market_features_or_choice_allows_only_reductions(monkeypatch, name):
    profile = a_profile(**QUICK)
    poisoned(monkeypatch, ACTORS[name], after(POISON_S, profile))
    run = simulate(profile, seconds=40, checked=False)
    assert [each.actor for each in said(run, ActorFailed) if each.spent] == [name]
    spent_s = run.seconds(next(each for each in run.of(ActorFailed) if each.payload.spent).at_ns)
    state = said(run, GateState, after_s=spent_s)[0]
    assert state.state == "REDUCING"
    assert any(f"{name} is not restarted any more" in reason for reason in state.reasons)
    assert all(order.reduce_only for order in said(run, Order, after_s=spent_s + 0.001))


def test_a_spent_agent_is_silent_and_the_blend_goes_on(monkeypatch):
    profile = a_profile(**QUICK)
    poisoned(monkeypatch, TsMomentum, after(POISON_S, profile))
    run = simulate(profile, seconds=60, checked=False)
    spent = [each for each in run.of(ActorFailed) if each.payload.spent]
    assert [each.payload.actor for each in spent] == ["momentum"]
    spent_s = run.seconds(spent[0].at_ns)
    assert {frame.agent for frame in said(run, SignalFrame, after_s=spent_s + 1)} == {"reversion", "order_flow"}
    assert said(run, Slate, after_s=spent_s + 1)
    assert said(run, GateState, before_s=59.9)[-1].state == "TRADING"


class Watched:
    """A venue that notes what reaches it, and can be made to break."""

    def __init__(self, venue: OrderVenue) -> None:
        self.venue, self.submitted, self.asked, self.cancelled_all = venue, [], [], 0
        self.breaks = ""
        self.mute = False
        self.silences = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    async def submit(self, order: Order) -> Any:
        self.submitted.append(order.client_id)
        number = len(self.submitted)
        self._be_silent()
        if number == 1 and self.breaks == "before sending":
            raise RuntimeError("a bug in the adapter")
        answer = await self.venue.submit(order)
        if number == 1 and self.breaks == "after sending":
            raise RuntimeError("a bug in the adapter, with the order at the venue")
        return answer

    async def query(self, query: OrderQuery) -> Any:
        self.asked.append(query.client_id)
        self._be_silent()
        return await self.venue.query(query)

    async def cancel(self, cancel: CancelOrder) -> Any:
        self._be_silent()
        return await self.venue.cancel(cancel)

    def _be_silent(self) -> None:
        if self.mute:
            raise VenueSilent("no answer about any order")

    async def cancel_all(self) -> None:
        if self.silences:
            self.silences -= 1
            raise VenueSilent("nobody there")
        self.cancelled_all += 1
        await self.venue.cancel_all()

    @asynccontextmanager
    async def stream(self) -> Any:
        async with self.venue.stream() as events:
            yield events


def watched_world(profile: Any, **changed: Any) -> tuple[TestWorld, list[Watched]]:
    venues: list[Watched] = []

    def watch(venue: OrderVenue, _: Any) -> Any:
        venues.append(Watched(venue))
        for name, value in changed.items():
            setattr(venues[0], name, value)
        return venues[0]

    return TestWorld(profile, venue_of=watch), venues


def test_a_spent_desk_cancels_everything_at_the_venue_and_ends_with_9(monkeypatch):
    profile = a_profile(**QUICK)
    poisoned(monkeypatch, ExecutionDesk, after(POISON_S, profile))
    world, venues = watched_world(profile, silences=2)
    run = simulate(seconds=40, world=world, checked=False)
    assert run.ending.exit_code == EXIT_GAVE_UP
    assert run.ending.reason == "desk of the desk gave up: RuntimeError: poison; the venue cancelled all open orders"
    assert venues[0].cancelled_all == 1
    assert venues[0].venue._venue.broker.records.open_orders() == ()
    assert run.system.unsettled == ()


def test_a_dry_run_leaves_the_venue_alone_even_when_its_desk_gives_up(monkeypatch):
    profile = a_profile(**QUICK, orders__dry_run=True)
    poisoned(monkeypatch, ExecutionDesk, after(POISON_S, profile))
    world, venues = watched_world(profile)
    run = simulate(seconds=40, world=world, checked=False)
    assert run.ending.exit_code == EXIT_GAVE_UP
    assert venues[0].cancelled_all == 0


def test_a_venue_that_never_answers_does_not_hold_up_the_end(monkeypatch):
    profile = a_profile(**QUICK)
    poisoned(monkeypatch, ExecutionDesk, after(POISON_S, profile))
    world, _ = watched_world(profile, silences=1_000)
    run = simulate(seconds=40, world=world, checked=False)
    assert run.ending.exit_code == EXIT_GAVE_UP
    assert "did not confirm" in run.ending.reason
    assert run.seconds(run.outside.clock.now()) < POISON_S + 10 + profile.process.drain_s


@pytest.mark.parametrize(
    ("breaks", "asked", "end"), [("before sending", 1, "NOT_SENT"), ("after sending", 0, "FILLED")]
)
def test_an_order_in_the_hands_of_a_crashing_gateway_is_never_sent_again(breaks, asked, end):
    """What the venue has is told by its drop copy; what it may not have is asked for by client id."""
    world, venues = watched_world(a_profile(**QUICK), breaks=breaks)
    run = simulate(seconds=40, world=world, checked=False)
    (venue,) = venues
    client_id = venue.submitted[0]
    assert [each.gateway for each in said(run, GatewayFailed)] == ["venue"]
    assert min(1, venue.asked.count(client_id)) == asked
    assert venue.submitted.count(client_id) == 1
    assert [each.state for each in said(run, OrderState) if each.client_id == client_id][-1] == end
    assert len(venue.submitted) > 1


def test_an_end_with_an_order_unknown_cancels_at_the_venue_and_leaves_the_run_open():
    profile = a_profile(**QUICK, process__on_stop="cancel")
    world, venues = watched_world(profile, mute=True)
    run = simulate(seconds=8, world=world, checked=False)
    assert run.ending.exit_code == EXIT_OK
    assert run.system.unsettled
    assert set(run.system.unsettled) <= set(venues[0].submitted)
    assert venues[0].cancelled_all == 1
    assert run.ending.reason == "ran for 8 s; the venue cancelled all open orders"


def test_an_end_at_rest_leaves_nothing_to_settle_and_asks_the_venue_for_nothing():
    profile = a_profile(**QUICK, process__on_stop="flatten")
    world, venues = watched_world(profile)
    run = simulate(seconds=20, world=world, checked=False)
    assert venues[0].submitted
    assert run.system.unsettled == ()
    assert venues[0].cancelled_all == 0
    assert run.system.report.is_flat()


def test_a_metronome_that_ends_ends_the_process(monkeypatch):
    async def silent(self: Any, inbox: Any, admit: Any) -> None:
        return None

    monkeypatch.setattr(Metronome, "run", silent)
    run = simulate(a_profile(**QUICK), seconds=5, checked=False)
    assert run.ending.exit_code == EXIT_GAVE_UP
    assert run.ending.reason.startswith("cadence gave up: returned")


def test_an_order_gateway_that_gave_up_ends_the_process_with_9_and_everything_cancelled(monkeypatch):
    async def broken(self, inbox, admit):
        raise RuntimeError("broken for good")

    monkeypatch.setattr(OrderGateway, "run", broken)
    world, venues = watched_world(a_profile(**QUICK))
    run = simulate(seconds=600, world=world, checked=False)
    assert run.ending.exit_code == EXIT_GAVE_UP
    assert "venue gave up: RuntimeError: broken for good" in run.ending.reason
    assert venues[0].cancelled_all == 1
