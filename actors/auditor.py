"""The auditor keeps one record of each decision: which messages it was made of, and what it came to.

What was chosen is a selection, or the targets of a strategy.
"""

from decimal import Decimal
from typing import ClassVar, Final

import msgspec

from actors.reacting import Answer, Reacting, Reaction
from contracts.account import Equity
from contracts.belief import Slate
from contracts.decision import AccountState, DecisionLog, GateState, Intent, Refusal, Selection, TargetFrame, Verdict
from contracts.envelope import Envelope
from contracts.quantities import Money

SEQS_KEPT: Final = 4_096
"""Parts of one record; only closing intents between decisions can come near it, and then the oldest are left out."""


class AuditorState(msgspec.Struct, kw_only=True):
    """Seqs of the parts of the decision that is being made, and the last state and equity."""

    account: AccountState = "RECOVERING"
    equity: Money = Decimal(0)
    slate_seq: int = 0
    selection_seq: int = 0
    intent_seqs: list[int] = []
    refusal_seqs: list[int] = []


class Auditor(Reacting[AuditorState]):
    """Says a `DecisionLog` on every verdict; intents said between decisions belong to the next record."""

    role = "auditor"
    kept = AuditorState
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        GateState,
        Equity,
        Slate,
        Selection,
        TargetFrame,
        Intent,
        Refusal,
        Verdict,
    )

    def __init__(self) -> None:
        super().__init__(AuditorState())

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        return {
            GateState: self._on_gate,
            Equity: self._on_equity,
            Slate: self._on_slate,
            Selection: self._on_selection,
            TargetFrame: self._on_selection,
            Intent: self._on_intent,
            Refusal: self._on_refusal,
            Verdict: self._on_verdict,
        }

    def _on_gate(self, envelope: Envelope[GateState]) -> Answer:
        self.state.account = envelope.payload.state
        return ()

    def _on_equity(self, envelope: Envelope[Equity]) -> Answer:
        self.state.equity = envelope.payload.equity
        return ()

    def _on_slate(self, envelope: Envelope[Slate]) -> Answer:
        self.state.slate_seq = envelope.seq
        return ()

    def _on_selection(self, envelope: Envelope[Selection | TargetFrame]) -> Answer:
        self.state.selection_seq = envelope.seq
        return ()

    def _on_intent(self, envelope: Envelope[Intent]) -> Answer:
        _keep(self.state.intent_seqs, envelope.seq)
        return ()

    def _on_refusal(self, envelope: Envelope[Refusal]) -> Answer:
        _keep(self.state.refusal_seqs, envelope.seq)
        return ()

    def _on_verdict(self, envelope: Envelope[Verdict]) -> Answer:
        state, verdict = self.state, envelope.payload
        record = DecisionLog(
            decision=verdict.decision,
            state=state.account,
            slate_seq=state.slate_seq,
            selection_seq=state.selection_seq,
            intent_seqs=tuple(state.intent_seqs),
            refusal_seqs=tuple(state.refusal_seqs),
            verdict_seq=envelope.seq,
            equity=state.equity,
            cvar_after=verdict.cvar_after,
            cvar_max=verdict.cvar_max,
            based_on=verdict.based_on,
        )
        state.intent_seqs, state.refusal_seqs = [], []
        return (record,)


def _keep(seqs: list[int], seq: int) -> None:
    seqs.append(seq)
    del seqs[:-SEQS_KEPT]
