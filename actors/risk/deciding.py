"""What every gate does once it is known what is wanted: look at the book, remember, speak; and flatten when told to.

While a principal wants to be flat it says reduce-only intents on every second beat until nothing is held.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.reacting import Answer
from actors.risk.case import Case
from actors.risk.checks import is_ours, too_old
from actors.risk.draws import Chance, Draws
from actors.risk.facts import SAID_KEPT, Knowing, RiskState
from actors.risk.layout import Layouts
from actors.risk.measures import Measures
from actors.risk.multipliers import WHOLE, multipliers_of
from actors.risk.proposals import Proposal
from actors.risk.reserved import Reserved
from actors.risk.settings import RiskSettings
from actors.risk.sizing import Room, closing
from actors.risk.speaking import Belief, intent_of, refusal_of
from actors.risk.tail import Tail, budgets_of
from actors.risk.view import Facts, view_of
from actors.risk.weighing import Weighed, weigh
from contracts.decision import Intent
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.quantities import Nanos, nanos

NOTIONALS_KEPT: Final = 100
"""C4: the median of so many own orders is the usual size."""


class Deciding(Knowing):
    """The half of a gate that judges and speaks; what is wanted is for the gate itself to find out."""

    def __init__(self, settings: RiskSettings, currency: str, chance: Chance) -> None:
        self._settings = settings
        self._bar_s, self._bars_kept = settings.bar_s, settings.bars_kept
        self._currency = currency
        self._draws = Draws(chance, settings.scenarios)
        self._layouts, self._measures = Layouts(currency), Measures(settings.cluster_correlation)
        super().__init__(RiskState())

    def room(self, case: Case) -> Room:
        """The scenarios of the joint book, and the budgets as they stand."""
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

    def case(self, at_ns: Nanos, proposed: Sequence[str]) -> Case:
        """Everything a decision about those symbols is judged by."""
        state, settings = self.state, self._settings
        horizon_s = state.slate.horizon_s if state.slate is not None else 0.0
        facts = Facts(
            prices=state.prices,
            frame=state.frame,
            currency=self._currency,
            positions=state.positions,
            orders=tuple(state.orders.values()),
            slate=state.slate,
            bars=self._returns.of(state.closes),
            bar_s=settings.bar_s,
            risk_horizon_s=max(horizon_s, settings.risk_horizon_s_min),
            tail_slope=settings.tail_slope,
            at_ns=at_ns,
            layouts=self._layouts,
            measures=self._measures,
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
        return Tail(case.view, self._settings, self._draws.moves(self.state.decision, case.view.corr))

    def remember(self, reserved: Reserved, passed: Sequence[Proposal], at_ns: Nanos) -> None:
        """Keep what was let through, for the controls of repeats and of usual sizes."""
        state, settings = self.state, self._settings
        horizon_ns = nanos(max(settings.repeat_window_s, settings.duplicate_s))
        state.said = [each for each in reserved.said if at_ns - each.at_ns < horizon_ns][-SAID_KEPT:]
        state.free_ns = reserved.free_ns
        adding = [abs(each.added) for each in passed if not each.reduce_only]
        state.notionals = [*state.notionals, *adding][-NOTIONALS_KEPT:]

    def spoken(self, weighed: Weighed, case: Case, room: Room, based_on: tuple[int, ...]) -> Answer:
        """Intents and refusals in the order of their legs."""
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

    def on_beat(self, envelope: Envelope[Beat]) -> Answer:
        """Flatten, second by second, while a principal wants it."""
        state = self.state
        if envelope.payload.kind != "second" or "flatten" not in state.gate.latches or not state.positions:
            return ()
        return self._flatten(envelope)

    def _flatten(self, envelope: Envelope[Beat]) -> Answer:
        """Close what has no order in flight; a refusal is said when its controls change, not every second."""
        state, settings = self.state, self._settings
        busy = [order.symbol for order in state.orders.values() if is_ours(order)]
        case = self.case(envelope.at_ns, [])
        reserved = Reserved(case, state.said, state.free_ns)
        based_on = tuple(seq for seq in (state.frame_seq, state.equity_seq) if seq)
        symbols = [symbol for symbol in state.positions if symbol not in busy]
        room = Room(None, budgets_of(float("nan"), settings), WHOLE)
        weighed = weigh(closing(case, symbols, state.leg, settings), case, reserved, room, settings)
        state.leg += len(symbols)
        self.remember(reserved, weighed.passed, envelope.at_ns)
        yield from (self._intent(each, case, weighed, room.budgets.cvar, based_on) for each in weighed.passed)
        for refused in weighed.refused:
            controls = tuple(reason.control for reason in refused.reasons)
            if state.flat_refused.get(refused.proposal.symbol) != controls:
                state.flat_refused[refused.proposal.symbol] = controls
                yield refusal_of(state.decision, refused, based_on)
