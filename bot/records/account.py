"""The account and its decisions over time: a row for each equity that was said, and one for each decision."""

from collections import Counter
from typing import Any, Final

import msgspec
import numpy as np

from adapters.records import rows
from bot.records.known import Known, share
from bot.records.orders import NONE, added
from contracts.account import Equity, FundingBooked
from contracts.belief import Slate
from contracts.decision import DecisionLog, Refusal, Selection
from contracts.envelope import Envelope
from contracts.quantities import Money
from contracts.trade import Order


class AccountOverTime:
    """Equities, decisions, refusals and weights in the order of time."""

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (Equity, FundingBooked, Order, Refusal, Slate, DecisionLog)

    def __init__(self, known: Known) -> None:
        self._known = known
        self.equity: list[rows.EquityRow] = []
        self.decisions: list[rows.DecisionRow] = []
        self.refusals: list[rows.RefusalRow] = []
        self.weights: list[rows.WeightRow] = []
        self.orders: Counter[int] = Counter()
        self._funding: Money | None = NONE
        self._refused: Counter[str] = Counter()
        self._refusals = 0

    def hear(self, envelope: Envelope[Any]) -> None:
        """Take one message of `kinds`."""
        payload = envelope.payload
        match payload:
            case Equity():
                self._on_equity(envelope)
            case FundingBooked():
                self._funding = added(self._funding, self._known.in_account(payload.amount, payload.asset))
            case Order():
                self.orders[payload.decision] += 1
            case Refusal():
                self._on_refusal(envelope)
            case Slate():
                self._on_slate(envelope)
            case DecisionLog():
                self.decisions.append(self._decision(envelope))
                self._refused.clear()

    def decided(self) -> list[rows.DecisionRow]:
        """The decisions, each with the number of orders that followed from it."""
        return [msgspec.structs.replace(row, orders=self.orders[row.decision]) for row in self.decisions]

    def _on_equity(self, envelope: Envelope[Equity]) -> None:
        said, verdict = envelope.payload, self._known.verdict
        equity, peak = float(said.equity), float(said.peak)
        cvar, budget = (None, None) if verdict is None else (verdict.cvar_after, verdict.cvar_max)
        self.equity.append(
            rows.EquityRow(
                at=envelope.at_ns,
                equity_eur=said.equity,
                cash_eur=said.cash,
                gross_eur=said.gross,
                net_eur=said.net,
                unrealised_eur=said.unrealised,
                funding_eur=self._funding,
                peak_eur=said.peak,
                drawdown=1.0 - equity / peak if peak > 0.0 else 0.0,
                exposure=float(said.gross) / equity if equity > 0.0 else float("nan"),
                net_exposure=float(said.net) / equity if equity > 0.0 else float("nan"),
                cvar_eur=cvar,
                cvar_max_eur=budget,
                cvar_share=None if cvar is None or budget is None else share(cvar, budget),
                complete=said.complete,
            )
        )

    def _on_refusal(self, envelope: Envelope[Refusal]) -> None:
        said = envelope.payload
        for reason in said.reasons:
            self._refused[reason.control] += 1
            self.refusals.append(
                rows.RefusalRow(
                    at=envelope.at_ns,
                    decision=said.decision,
                    leg=said.leg,
                    symbol=said.symbol,
                    side=said.side,
                    control=reason.control,
                    text=reason.text,
                )
            )

    def _on_slate(self, envelope: Envelope[Slate]) -> None:
        slate = envelope.payload
        for agent, weights in zip(slate.agents, slate.weights.values, strict=False):
            known = weights[np.isfinite(weights)]
            if known.size:
                self.weights.append(rows.WeightRow(at=envelope.at_ns, agent=agent, weight=float(known.mean())))

    def _decision(self, envelope: Envelope[DecisionLog]) -> rows.DecisionRow:
        log, known = envelope.payload, self._known
        return rows.DecisionRow(
            at=envelope.at_ns,
            decision=log.decision,
            state=log.state,
            refused_by=self._refused.most_common(1)[0][0] if self._refused else None,
            intents=len(log.intent_seqs),
            refusals=len(log.refusal_seqs),
            orders=0,
            regime=known.regime or None,
            equity_eur=log.equity,
            **_slate(known.slate, known.columns),
            **_selection(known.selection),
            **_verdict(known, log),
        )


def _slate(slate: Slate | None, columns: dict[str, int]) -> dict[str, Any]:
    return {
        "universe": len(columns) or None,
        "slate": None if slate is None else int(np.isfinite(slate.mu.values).sum()),
        "rung": None if slate is None else slate.rung,
        "blend": None if slate is None else slate.blend,
    }


def _selection(selection: Selection | None) -> dict[str, Any]:
    picks = None if selection is None else selection.picks
    return {
        "picks": None if picks is None else len(picks),
        "held": None if picks is None else sum(pick.held for pick in picks),
    }


def _verdict(known: Known, log: DecisionLog) -> dict[str, Any]:
    verdict = known.verdict
    names = {
        "cvar_before_eur": "cvar_before",
        "cvar_slow_after_eur": "cvar_slow_after",
        "cvar_slow_max_eur": "cvar_slow_max",
        "var_eur": "var_after",
        "deviation_eur": "deviation_after",
        "multiplier": "multiplier",
        "edge_eur": "edge",
        "plan": "plan",
    }
    return {
        "cvar_after_eur": log.cvar_after,
        "cvar_max_eur": log.cvar_max,
        "cvar_share": share(log.cvar_after, log.cvar_max),
    } | {name: None if verdict is None else getattr(verdict, source) for name, source in names.items()}
