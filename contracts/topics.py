"""The topics table: one type, one topic, one author role, and what the journal keeps of it."""

from typing import Any, Final, Literal

import msgspec

from contracts import account, belief, context, decision, life, market, remote, stream, trade

Recorded = Literal["full", "digest", "none"]


class Topic(msgspec.Struct, frozen=True):
    """Where messages of one type belong.

    `author` is the only role that may say them; `outside` marks what is admitted rather than derived, hence fed again
    by a replay; `retained` topics show their last message per source to whoever starts late; `key` is the field by
    which a mirror partitions; of a `digest` only the hash of the payload is journaled, because it is derivable.
    `version` is that of the payload: it grows with a change that is not additive (see `contracts.compatibility`).
    """

    name: str
    payload: type[msgspec.Struct]
    author: str
    outside: bool = False
    retained: bool = False
    recorded: Recorded = "full"
    key: str = ""
    version: int = 1

    @property
    def by_instrument(self) -> bool:
        """Whether what leaves the process has the symbol of an instrument as its key."""
        return self.key == "symbol" or self.payload in FRAMES

    @property
    def is_state(self) -> bool:
        """Whether the last message of a key says all there is to know: a mirror keeps that one for ever.

        What many authors say about one instrument is kept apart by author here, and by instrument out there.
        """
        return self.retained and not (self.payload in FRAMES and self.key)


TABLE: Final[tuple[Topic, ...]] = (
    # life of the process
    Topic("life.started", life.RunStarted, "process", outside=True, retained=True),
    Topic("life.beat", life.Beat, "metronome", outside=True),
    Topic("life.actor.failed", life.ActorFailed, "bus", key="actor"),
    Topic("life.actor.restarted", life.ActorRestarted, "bus", key="actor"),
    Topic("life.gateway.failed", life.GatewayFailed, "process", outside=True, key="gateway"),
    Topic("life.poisoned", life.Poisoned, "process", outside=True),
    Topic("life.clock.stepped", life.ClockStepped, "process", outside=True),
    Topic("life.loop.stalled", life.LoopStalled, "process", outside=True),
    Topic("life.stopping", life.Stopping, "process", outside=True),
    Topic("life.stopped", life.RunStopped, "process", outside=True),
    # the market
    Topic("market.universe", market.UniverseChanged, "feed", outside=True, retained=True),
    Topic("market.tick", market.Tick, "feed", outside=True, key="symbol"),
    Topic("market.trade", market.Trade, "feed", outside=True, key="symbol"),
    Topic("market.book.snapshot", market.BookSnapshot, "feed", outside=True, key="symbol"),
    Topic("market.book.delta", market.BookDelta, "feed", outside=True, key="symbol"),
    Topic("market.feed", market.FeedStatus, "feed", outside=True, retained=True, key="feed"),
    Topic("market.fx", market.FxMark, "feed", outside=True, retained=True, key="currency"),
    Topic("market.history", market.BarHistory, "feed", outside=True),
    Topic("market.closed", market.ClosedBars, "feed", outside=True),
    Topic("market.perp", market.Perp, "feed", outside=True, key="symbol"),
    Topic("market.context", context.ContextValue, "context", outside=True, key="name"),
    Topic("market.marks", market.MarkFrame, "marker", retained=True),
    Topic("market.bars", market.BarFrame, "bar_builder"),
    Topic("market.trades", market.TradeFrame, "trade_keeper", retained=True, recorded="digest"),
    Topic("market.perps", market.PerpFrame, "context_keeper", retained=True, recorded="digest"),
    Topic("market.contexts", context.ContextFrame, "context_keeper", retained=True, recorded="digest"),
    Topic("market.books", market.BookFrame, "book_keeper", retained=True),
    # beliefs
    Topic("belief.features", belief.FeatureFrame, "feature_engine", recorded="digest"),
    Topic("belief.signals", belief.SignalFrame, "agent", retained=True, key="agent"),
    Topic("belief.shards", stream.ShardFrames, "shards", outside=True),
    Topic("belief.outcome", belief.Outcome, "outcomes", key="author"),
    Topic("belief.slate", belief.Slate, "weighter", retained=True),
    Topic("belief.example", belief.Example, "weighter", recorded="digest"),
    Topic("belief.regime", belief.RegimeState, "regime_watcher", retained=True),
    Topic("belief.scores", belief.ScoreCard, "scorer", retained=True, key="author"),
    Topic("belief.drift", belief.DriftState, "drift_watcher", retained=True),
    Topic("belief.inputs", belief.InputDrift, "drift_watcher", retained=True),
    Topic("belief.model", belief.ModelFitted, "trainer", outside=True, retained=True),
    Topic("belief.remote", remote.RemoteFrame, "remote", outside=True, key="agent"),
    Topic("belief.remote.news", remote.RemoteNews, "remote", outside=True, key="kind"),
    Topic("belief.remote.doubted", remote.RemoteDoubted, "agent", key="agent"),
    # decisions
    Topic("decision.selection", decision.Selection, "selector"),
    Topic("decision.targets", decision.TargetFrame, "strategy", retained=True),
    Topic("decision.allocation.asked", decision.AllocationAsked, "gate", recorded="digest"),
    Topic("decision.allocation", decision.AllocationPlan, "allocator", outside=True),
    Topic("decision.intent", decision.Intent, "gate", key="symbol"),
    Topic("decision.refusal", decision.Refusal, "gate", key="symbol"),
    Topic("decision.verdict", decision.Verdict, "gate", retained=True),
    Topic("decision.state", decision.GateState, "sentinel", retained=True),
    Topic("decision.log", decision.DecisionLog, "auditor"),
    Topic("control.halt", decision.Halt, "operator", outside=True),
    Topic("control.resume", decision.Resume, "operator", outside=True),
    Topic("control.flatten", decision.Flatten, "operator", outside=True),
    # orders
    Topic("trade.order", trade.Order, "desk", key="client_id"),
    Topic("trade.cancel", trade.CancelOrder, "desk", key="client_id"),
    Topic("trade.query", trade.OrderQuery, "desk", key="client_id"),
    Topic("trade.state", trade.OrderState, "desk", key="client_id"),
    Topic("trade.execution", trade.Execution, "desk", key="client_id"),
    Topic("trade.reconciled", trade.Reconciled, "ledger", retained=True),
    Topic("trade.not_sent", trade.OrderNotSent, "venue", outside=True, key="client_id"),
    Topic("trade.accepted", trade.OrderAccepted, "venue", outside=True, key="client_id"),
    Topic("trade.rejected", trade.OrderRejected, "venue", outside=True, key="client_id"),
    Topic("trade.unknown", trade.OrderUnknown, "venue", outside=True, key="client_id"),
    Topic("trade.cancelled", trade.OrderCancelled, "venue", outside=True, key="client_id"),
    Topic("trade.cancel.rejected", trade.CancelRejected, "venue", outside=True, key="client_id"),
    Topic("trade.fill", trade.Fill, "venue", outside=True, key="client_id"),
    Topic("trade.funding", trade.FundingPaid, "venue", outside=True, key="symbol"),
    Topic("trade.report", trade.OrderReport, "venue", outside=True, key="client_id"),
    Topic("trade.venue.snapshot", trade.VenueSnapshot, "venue", outside=True),
    Topic("trade.venue", trade.VenueStatus, "venue", outside=True, retained=True, key="venue"),
    # the account
    Topic("account.position", account.Position, "ledger", retained=True, key="symbol"),
    Topic("account.funding", account.FundingBooked, "ledger", key="symbol"),
    Topic("account.equity", account.Equity, "ledger", retained=True),
)

BY_TYPE: Final[dict[type[msgspec.Struct], Topic]] = {topic.payload: topic for topic in TABLE}
BY_TYPE_NAME: Final[dict[str, Topic]] = {topic.payload.__name__: topic for topic in TABLE}

BULK: Final[tuple[type[msgspec.Struct], ...]] = (
    market.Tick,
    market.Trade,
    market.BookSnapshot,
    market.BookDelta,
    market.Perp,
    market.BarHistory,
    market.ClosedBars,
    market.MarkFrame,
    market.BarFrame,
    market.TradeFrame,
    market.PerpFrame,
    market.BookFrame,
    context.ContextFrame,
    belief.FeatureFrame,
    belief.SignalFrame,
    belief.Example,
)
"""What a record of decisions alone leaves the contents out of: history has them, and the run can be made again."""

FRAMES: Final[tuple[type[msgspec.Struct], ...]] = (
    market.BarHistory,
    market.ClosedBars,
    market.BarFrame,
    market.MarkFrame,
    market.TradeFrame,
    market.PerpFrame,
    market.BookFrame,
    context.ContextFrame,
    belief.FeatureFrame,
    belief.SignalFrame,
    belief.Slate,
    belief.Outcome,
    belief.Example,
    decision.TargetFrame,
    remote.RemoteFrame,
)
"""Cross-sections over the universe they name: what leaves the process of them is a row for each instrument."""

DECISIVE: Final[tuple[type[msgspec.Struct], ...]] = (
    decision.Selection,
    decision.Intent,
    decision.Refusal,
    trade.Order,
)
"""The types whose payloads, in order, make the decision hash of a run."""


def topic_of(payload: msgspec.Struct | type[msgspec.Struct]) -> Topic:
    """The topic of a message or of its type; raises KeyError for what is no message."""
    kind: Any = payload if isinstance(payload, type) else type(payload)
    return BY_TYPE[kind]
