"""What was last said of everything that gives an order or a fill its context, as a journal is read in order."""

from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from actors.execution.exact import times
from adapters.records.rows import Context
from contracts.account import Equity
from contracts.belief import RegimeState, Slate
from contracts.decision import GateState, Intent, Pick, Selection, TargetFrame, Verdict
from contracts.envelope import Envelope
from contracts.instrument import Instrument
from contracts.market import FxMark, MarkFrame, UniverseChanged
from contracts.quantities import Money, Nanos, Side

ONE: Final = Decimal(1)


class Decided(msgspec.Struct, frozen=True):
    """An intent with the context it was decided in, and half the spread it met, in bps; NaN where no quote was kept."""

    at_ns: Nanos
    intent: Intent
    context: Context
    half_spread_bps: float


class Known:
    """The last slate, selection, marks, rates and verdict, and the intents that wait for their orders."""

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        FxMark,
        MarkFrame,
        Slate,
        RegimeState,
        Selection,
        TargetFrame,
        GateState,
        Intent,
        Verdict,
        Equity,
    )

    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.columns: dict[str, int] = {}
        self.rates: dict[str, Money] = {}
        self.currency = ""
        self.slate: Slate | None = None
        self.regime = ""
        self.selection: Selection | None = None
        self.verdict: Verdict | None = None
        self._marks: MarkFrame | None = None
        self._intents: dict[int, Decided] = {}
        self._targeted = 0
        self._flattening = False

    def hear(self, envelope: Envelope[Any]) -> None:
        """Take one message of `kinds`."""
        payload = envelope.payload
        match payload:
            case UniverseChanged():
                self.instruments |= {each.symbol: each for each in payload.universe.instruments}
                self.columns = payload.universe.positions
                self.slate = self._marks = None
            case FxMark():
                self.rates[payload.currency] = payload.rate
            case MarkFrame():
                self._marks = payload
            case Slate():
                self.slate = payload
            case RegimeState():
                self.regime = payload.label
            case Equity():
                self.currency = payload.currency
            case _:
                self._hear_decision(envelope)

    def _hear_decision(self, envelope: Envelope[Any]) -> None:
        payload = envelope.payload
        match payload:
            case Selection():
                self.selection = payload
                self._intents.clear()
            case TargetFrame():
                self._targeted = payload.decision
                self._intents.clear()
            case GateState():
                self._flattening = "flatten" in payload.latches
            case Intent():
                self._intents[envelope.seq] = self._decided(envelope.at_ns, payload)
            case Verdict():
                self.verdict = payload

    def decided(self, intent_seq: int, client_id: str) -> Decided | None:
        """The intent that an order carries out; None where it is not in the journal."""
        found = self._intents.pop(intent_seq, None)
        if found is None:
            return None
        context = msgspec.structs.replace(found.context, order=client_id)
        return msgspec.structs.replace(found, context=context)

    def in_account(self, amount: Money, asset: str) -> Money | None:
        """An amount in the account's currency by the last rate; None without one."""
        rate = ONE if asset == self.currency else self.rates.get(asset)
        return None if rate is None else times(amount, rate)

    def _decided(self, at_ns: Nanos, intent: Intent) -> Decided:
        context = Context(
            decision=intent.decision,
            cause=self._cause(intent),
            mark=intent.mark,
            mu=intent.mu,
            sigma=intent.sigma,
            horizon_s=intent.horizon_s,
            regime=self.regime or None,
            cvar_eur=intent.cvar_after,
            cvar_max_eur=intent.cvar_max,
            cvar_share=share(intent.cvar_after, intent.cvar_max),
        )
        said = self._believed(intent.symbol, intent.side) | self._chosen(intent)
        return Decided(at_ns, intent, msgspec.structs.replace(context, **said), self._half_spread_bps(intent.symbol))

    def _cause(self, intent: Intent) -> str | None:
        """Why there is an intent, in one word; None where nothing before it says so."""
        if intent.reduce_only and self._flattening:
            return "flatten"
        if self._targeted == intent.decision:
            return "strategy"
        found = self._pick(intent)
        if found is None:
            return "let go" if intent.reduce_only else None
        if not intent.reduce_only:
            return "selected"
        return "turned" if found[1].side == intent.side else "cut"

    def _pick(self, intent: Intent) -> tuple[int, Pick] | None:
        said = self.selection is not None and self.selection.decision == intent.decision
        picks = self.selection.picks if said and self.selection is not None else ()
        return next(((rank, pick) for rank, pick in enumerate(picks, 1) if pick.symbol == intent.symbol), None)

    def _chosen(self, intent: Intent) -> dict[str, Any]:
        found = self._pick(intent)
        if found is None:
            return {}
        rank, pick = found
        return {"rank": rank, "quality": pick.quality, "gain": pick.gain, "propensity": pick.propensity}

    def _believed(self, symbol: str, side: Side) -> dict[str, Any]:
        slate, column = self.slate, self.columns.get(symbol)
        if slate is None or column is None or column >= len(slate.mu):
            return {}
        tail = slate.es_long if side == "buy" else slate.es_short
        said: dict[str, Any] = {
            "p_up": _cell(slate.p_up.values, column),
            "confidence": _cell(slate.confidence.values, column),
            "es": _cell(tail.values, column),
            "cost_bps": _cell(slate.cost_bps.values, column),
            "rung": slate.rung,
            "blend": slate.blend,
        }
        weights = slate.weights.values[:, column] if slate.weights.values.size else np.array([])
        if np.isfinite(weights).any():
            top = int(np.nanargmax(weights))
            said |= {"top_agent": slate.agents[top], "top_weight": float(weights[top])}
        return said

    def _half_spread_bps(self, symbol: str) -> float:
        marks, column = self._marks, self.columns.get(symbol)
        if marks is None or column is None or column >= len(marks.mid):
            return float("nan")
        return 0.5e4 * float(marks.ask[column] - marks.bid[column]) / float(marks.mid[column])


def share(used: float, budget: float) -> float | None:
    """How much of a budget is used; None without one."""
    return used / budget if budget > 0.0 else None


def _cell(values: Any, column: int) -> float | None:
    return float(values[column]) if len(values) > column else None
