"""The risk gate: the only author of intents. What it lets through keeps the tail of the joint book within its budget.

On a selection it sizes, rounds to the grid and holds every proposal against every control; what it does not let
through it refuses with all reasons. What is held and no longer selected is let go after a while. While a principal
wants to be flat it says reduce-only intents on every second beat until nothing is held.
"""

from typing import ClassVar

import msgspec

from actors.reacting import Answer, Reaction
from actors.risk.case import Case
from actors.risk.deciding import Deciding
from actors.risk.draws import Chance
from actors.risk.judging import signed
from actors.risk.planning import UNPLANNED, PlanningSettings, asked_of, is_due, question_of
from actors.risk.reserved import Reserved
from actors.risk.settings import RiskSettings
from actors.risk.sizing import Room, Wanted, unsized, wanted
from actors.risk.speaking import Sizing, verdict_of
from actors.risk.weighing import Weighed, weigh
from contracts.account import Equity, Position
from contracts.belief import DriftState, RegimeState, Slate
from contracts.decision import AllocationPlan, GateState, Selection
from contracts.envelope import Envelope
from contracts.life import Beat, RunStarted
from contracts.market import BarFrame, BarHistory, FeedStatus, FxMark, MarkFrame, UniverseChanged
from contracts.quantities import Nanos, nanos
from contracts.trade import OrderState, VenueSnapshot


class RiskGate(Deciding):
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
        self._planning = planning
        super().__init__(settings, currency, chance)

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        return self.facts() | {Selection: self._on_selection, Beat: self.on_beat}

    def _on_selection(self, envelope: Envelope[Selection]) -> Answer:
        state, selection, settings = self.state, envelope.payload, self._settings
        state.decision = selection.decision
        let_go = self._let_go(selection, envelope.at_ns)
        case = self.case(envelope.at_ns, [pick.symbol for pick in selection.picks])
        room = self.room(case)
        reserved = Reserved(case, state.said, state.free_ns)
        plan, refused = self.believed(envelope.at_ns, self._planning)
        proposed = self._proposals(case, selection, let_go, room, plan)
        weighed = weigh(proposed.proposals, case, reserved, room, settings)
        self.remember(reserved, weighed.passed, envelope.at_ns)
        state.leg = len(proposed.proposals)
        used = proposed.draft is not proposed.alone
        seqs = (envelope.seq, state.slate_seq, state.frame_seq, state.equity_seq, state.plan_seq if used else 0)
        based_on = tuple(seq for seq in seqs if seq)
        asked = tuple(self._ask(case, proposed, weighed, room, based_on))
        became = "used" if used else "smaller" if plan else refused
        verdict = verdict_of(state.decision, weighed, room, Sizing(proposed.draft, proposed.alone, became), based_on)
        return (*self.spoken(weighed, case, room, based_on), *asked, verdict)

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
