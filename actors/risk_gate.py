"""The risk gate: the only author of intents. What it lets through keeps the tail of the joint book within its budget.

On a selection it sizes, rounds to the grid and holds every proposal against every control; what it does not let
through it refuses with all reasons. What is held and no longer selected is let go after a while. While a principal
wants to be flat it says reduce-only intents on every second beat until nothing is held.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

import msgspec
import numpy as np

from actors.reacting import Answer, Reaction
from actors.risk.checks import is_ours, too_old
from actors.risk.facts import SAID_KEPT, Knowing, RiskState
from actors.risk.judging import Case, Reserved, signed
from actors.risk.multipliers import WHOLE, multipliers_of
from actors.risk.planning import UNPLANNED, PlanningSettings, asked_of, is_due, question_of
from actors.risk.proposals import Proposal
from actors.risk.settings import RiskSettings
from actors.risk.sizing import Room, Wanted, closing, unsized, wanted
from actors.risk.speaking import Belief, Sizing, intent_of, refusal_of, verdict_of
from actors.risk.tail import Tail, budgets_of
from actors.risk.view import Facts, view_of
from actors.risk.weighing import Weighed, weigh
from contracts.account import Equity, Position
from contracts.belief import DriftState, RegimeState, Slate
from contracts.decision import AllocationPlan, GateState, Intent, Selection
from contracts.envelope import Envelope
from contracts.life import Beat, RunStarted
from contracts.market import BarFrame, BarHistory, FeedStatus, FxMark, MarkFrame, UniverseChanged
from contracts.quantities import Nanos, nanos
from contracts.trade import OrderState, VenueSnapshot

Chance = Callable[[int], np.random.Generator]
"""A fresh generator for a decision number, so that a replay and a restart draw the same scenarios."""

NOTIONALS_KEPT: Final = 100
"""C4: the median of so many own orders is the usual size."""


class RiskGate(Knowing):
    """Sizes, judges, refuses; approval is a type, and only this actor can say it."""

    role = "gate"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        RunStarted,
        UniverseChanged,
        MarkFrame,
        BarFrame,
        BarHistory,
        FxMark,
        FeedStatus,
        VenueSnapshot,
        Position,
        Equity,
        OrderState,
        GateState,
        Slate,
        RegimeState,
        DriftState,
        AllocationPlan,
        Selection,
        Beat,
    )

    def __init__(
        self, settings: RiskSettings, currency: str, chance: Chance, planning: PlanningSettings = UNPLANNED
    ) -> None:
        self._settings = settings
        self._planning = planning
        self._bar_s, self._bars_kept = settings.bar_s, settings.bars_kept
        self._currency = currency
        self._chance = chance
        super().__init__(RiskState())

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        return self.facts() | {Selection: self._on_selection, Beat: self._on_beat}

    def _on_selection(self, envelope: Envelope[Selection]) -> Answer:
        state, selection, settings = self.state, envelope.payload, self._settings
        state.decision = selection.decision
        let_go = self._let_go(selection, envelope.at_ns)
        case = self._case(envelope.at_ns, [pick.symbol for pick in selection.picks])
        room = self._room(case)
        reserved = Reserved(case, state.said, state.free_ns)
        plan, refused = self.believed(envelope.at_ns, self._planning)
        proposed = self._proposals(case, selection, let_go, room, plan)
        weighed = weigh(proposed.proposals, case, reserved, room, settings)
        self._remember(reserved, weighed.passed, envelope.at_ns)
        state.leg = len(proposed.proposals)
        used = proposed.draft is not proposed.alone
        seqs = (envelope.seq, state.slate_seq, state.frame_seq, state.equity_seq, state.plan_seq if used else 0)
        based_on = tuple(seq for seq in seqs if seq)
        asked = tuple(self._ask(case, proposed, weighed, room, based_on))
        became = "used" if used else "smaller" if plan else refused
        verdict = verdict_of(state.decision, weighed, room, Sizing(proposed.draft, proposed.alone, became), based_on)
        return (*self._said(weighed, case, room, based_on), *asked, verdict)

    def _ask(self, case: Case, proposed: Wanted, weighed: Weighed, room: Room, based_on: tuple[int, ...]) -> Answer:
        """The question which book would earn most, now and then and where the answer is not plain."""
        state, planning = self.state, self._planning
        if is_due(state.asked, case.at_ns, planning):
            asked = asked_of(
                case.view, proposed, signed(weighed.passed, case.view), room, self._settings,
                rows_max=planning.rows_max, decision=state.decision, universe=self.universe, based_on=based_on,
            )  # fmt: skip
            if asked is not None:
                state.asked = question_of(asked, case.at_ns)
                yield asked

    def _room(self, case: Case) -> Room:
        state, settings = self.state, self._settings
        equity = float(state.equity.equity) if state.equity is not None else float("nan")
        multipliers = multipliers_of(state.equity, state.regime, state.drift, self._stale(case), settings)
        budgets = budgets_of(settings.cvar_budget_ratio * equity * multipliers.budget, settings)
        return Room(self._tail(case), budgets, multipliers)

    def _stale(self, case: Case) -> tuple[str, ...]:
        """What is too old, or not complete, to judge the joint book by."""
        settings, equity = self._settings, case.equity
        found = [
            "equity" if too_old("equity", case.at_ns, case.equity_ns, settings.equity_age_s_max) else "",
            "slate" if too_old("slate", case.at_ns, case.slate_ns, settings.slate_age_s_max) else "",
            *(equity.missing if equity is not None and not equity.complete else ()),
        ]
        return tuple(name for name in found if name)

    def _proposals(
        self, case: Case, selection: Selection, let_go: list[str], room: Room, plan: dict[str, float]
    ) -> Wanted:
        state, picks = self.state, selection.picks
        if state.slate is None or state.prices.universe is None:
            return unsized(case, let_go, len(picks), self._settings)
        columns = state.prices.universe.positions
        return wanted(case, picks, let_go, state.slate, columns, room, self._settings, plan)

    def _let_go(self, selection: Selection, at_ns: Nanos) -> list[str]:
        """What is held and was not selected often enough in a row, and long enough after it was opened."""
        state, settings = self.state, self._settings
        picked = [pick.symbol for pick in selection.picks]
        state.unselected = {
            symbol: state.unselected.get(symbol, 0) + 1 for symbol in state.positions if symbol not in picked
        }
        return [
            symbol
            for symbol, times in state.unselected.items()
            if times >= settings.patience and at_ns - state.since_ns[symbol] >= nanos(settings.min_hold_s)
        ]

    def _case(self, at_ns: Nanos, proposed: Sequence[str]) -> Case:
        state, settings = self.state, self._settings
        horizon_s = state.slate.horizon_s if state.slate is not None else 0.0
        facts = Facts(
            prices=state.prices,
            frame=state.frame,
            currency=self._currency,
            positions=state.positions,
            orders=tuple(state.orders.values()),
            slate=state.slate,
            closes=state.closes,
            bar_s=settings.bar_s,
            risk_horizon_s=max(horizon_s, settings.risk_horizon_s_min),
            cluster_above=settings.cluster_correlation,
            tail_slope=settings.tail_slope,
            at_ns=at_ns,
        )
        return Case(
            at_ns=at_ns,
            view=view_of(facts, proposed),
            gate=state.gate,
            equity=state.equity,
            equity_ns=state.equity_ns,
            slate_ns=state.slate_ns,
            orders=facts.orders,
            feeds=state.feeds,
            rates_ns={currency: rate.at_ns for currency, rate in state.prices.rates.items()},
            positions=state.positions,
            notionals=state.notionals,
            currency=self._currency,
            stuck=state.stuck,
        )

    def _tail(self, case: Case) -> Tail | None:
        """None where the joint book cannot be known: then nothing may be added to it."""
        if case.view.unknown or case.equity is None or not case.view.symbols:
            return None
        return Tail(case.view, self._settings, self._chance(self.state.decision))

    def _remember(self, reserved: Reserved, passed: Sequence[Proposal], at_ns: Nanos) -> None:
        state, settings = self.state, self._settings
        horizon_ns = nanos(max(settings.repeat_window_s, settings.duplicate_s))
        state.said = [each for each in reserved.said if at_ns - each.at_ns < horizon_ns][-SAID_KEPT:]
        state.free_ns = reserved.free_ns
        adding = [abs(each.added) for each in passed if not each.reduce_only]
        state.notionals = [*state.notionals, *adding][-NOTIONALS_KEPT:]

    def _said(self, weighed: Weighed, case: Case, room: Room, based_on: tuple[int, ...]) -> Answer:
        spoken: dict[int, msgspec.Struct] = {}
        for proposal in weighed.passed:
            spoken[proposal.leg] = self._intent(proposal, case, weighed, room.budgets.cvar, based_on)
        for refused in weighed.refused:
            spoken[refused.proposal.leg] = refusal_of(self.state.decision, refused, based_on)
        yield from (spoken[leg] for leg in sorted(spoken))

    def _intent(
        self, proposal: Proposal, case: Case, weighed: Weighed, cvar_max: float, based_on: tuple[int, ...]
    ) -> Intent:
        state, universe = self.state, self.state.prices.universe
        assert universe is not None
        belief = Belief(state.slate, universe.positions[proposal.symbol], state.frame_seq)
        expires_ns = case.at_ns + nanos(self._settings.intent_ttl_s)
        return intent_of(state.decision, proposal, case, belief, weighed, cvar_max, expires_ns, based_on)

    def _on_beat(self, envelope: Envelope[Beat]) -> Answer:
        state = self.state
        if envelope.payload.kind != "second" or "flatten" not in state.gate.latches or not state.positions:
            return ()
        return self._flatten(envelope)

    def _flatten(self, envelope: Envelope[Beat]) -> Answer:
        """Close what has no order in flight; a refusal is said when its controls change, not every second."""
        state, settings = self.state, self._settings
        busy = [order.symbol for order in state.orders.values() if is_ours(order)]
        case = self._case(envelope.at_ns, [])
        reserved = Reserved(case, state.said, state.free_ns)
        based_on = tuple(seq for seq in (state.frame_seq, state.equity_seq) if seq)
        symbols = [symbol for symbol in state.positions if symbol not in busy]
        room = Room(None, budgets_of(float("nan"), settings), WHOLE)
        weighed = weigh(closing(case, symbols, state.leg, settings), case, reserved, room, settings)
        state.leg += len(symbols)
        self._remember(reserved, weighed.passed, envelope.at_ns)
        yield from (self._intent(each, case, weighed, room.budgets.cvar, based_on) for each in weighed.passed)
        for refused in weighed.refused:
            controls = tuple(reason.control for reason in refused.reasons)
            if state.flat_refused.get(refused.proposal.symbol) != controls:
                state.flat_refused[refused.proposal.symbol] = controls
                yield refusal_of(state.decision, refused, based_on)
