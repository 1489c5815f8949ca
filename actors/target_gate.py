"""The target gate: a strategy's targets become intents only as far as the account's limits leave room for them.

It judges as the risk gate does, by the same controls and the same tail of the joint book, open and unknown orders
included; only that a strategy says itself how much it wants of what. On every frame of targets it trades what is
missing, in whole lots, and refuses with all reasons what would break a limit; the next frame may try again.
"""

import math
from typing import ClassVar

import msgspec

from actors.reacting import Answer, Reaction
from actors.risk.deciding import Deciding
from actors.risk.reserved import Reserved
from actors.risk.speaking import Sizing, verdict_of
from actors.risk.targets import differences
from actors.risk.weighing import weigh
from contracts.account import Equity, Position
from contracts.decision import GateState, TargetFrame
from contracts.envelope import Envelope
from contracts.life import Beat, RunStarted
from contracts.market import BarFrame, BarHistory, FeedStatus, FxMark, MarkFrame, UniverseChanged
from contracts.trade import OrderState, VenueSnapshot


class TargetGate(Deciding):
    """The author of intents where a strategy decides; a frame of another universe wants nothing here."""

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
        TargetFrame,
        Beat,
    )

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        own: dict[type[msgspec.Struct], Reaction] = {TargetFrame: self._on_targets, Beat: self.on_beat}
        heard = self.facts() | own
        return {kind: heard[kind] for kind in self.inputs}

    def _on_targets(self, envelope: Envelope[TargetFrame]) -> Answer:
        state, settings = self.state, self._settings
        state.decision = envelope.payload.decision
        # The frame is to this gate what a slate is to the other: what a decision rests on, and how old that is.
        state.slate_ns, state.slate_seq = envelope.at_ns, envelope.seq
        wanted = self._wanted(envelope.payload)
        case = self.case(envelope.at_ns, list(wanted))
        room = self.room(case)
        reserved = Reserved(case, state.said, state.free_ns)
        found = differences(case, wanted, reserved, room, settings)
        weighed = weigh(found.proposals, case, reserved, room, settings)
        weighed = weighed._replace(refused=(*weighed.refused, *found.refused))
        self.remember(reserved, weighed.passed, envelope.at_ns)
        state.leg = len(weighed.passed) + len(weighed.refused)
        based_on = tuple(seq for seq in (envelope.seq, state.frame_seq, state.equity_seq) if seq)
        verdict = verdict_of(state.decision, weighed, room, Sizing(found.draft, found.draft, ""), based_on)
        return (*self.spoken(weighed, case, room, based_on), verdict)

    def _wanted(self, frame: TargetFrame) -> dict[str, int]:
        """Signed whole lots of every instrument whose target is a lot or more away from what is held."""
        state, universe = self.state, self.state.prices.universe
        if universe is None or frame.universe != universe.version:
            return {}
        held = {symbol: float(quantity) for symbol, quantity in state.positions.items()}
        found: dict[str, int] = {}
        for instrument, target in zip(universe.instruments, frame.position.values.tolist(), strict=True):
            if math.isfinite(target) and target != held.get(instrument.symbol, 0.0):
                found[instrument.symbol] = instrument.lots_within(target)
        return found
