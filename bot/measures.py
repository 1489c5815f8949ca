"""The bot's figures: what it exports beside the machine's own, fed by taps and by a look twice a second."""

import math
from typing import Any, ClassVar, Final, get_args

import msgspec

import bot
from actors.gateways.feature_store import FeatureWriter
from actors.gateways.remote_signals import RemoteSignals
from actors.gateways.stream_gateway import StreamGateway
from bot.features.measuring import STORE_METRICS, measure_store
from bot.logging import utc
from bot.mirror.measuring import MIRROR_METRICS
from bot.opening import OpenRun
from bot.remote_agents.figures import REMOTE_METRICS, measure_remote
from bot.roles.figures import ROLE_METRICS, measure_stream
from bot.system import System
from contracts.account import Equity
from contracts.belief import DriftLevel, DriftState, InputDrift, RegimeState, ScoreCard
from contracts.decision import Refusal, Verdict
from contracts.envelope import Envelope
from contracts.life import ActorFailed, ActorRestarted, GatewayFailed
from contracts.market import FeedStatus, MarkFrame
from contracts.quantities import SECOND_NS
from contracts.trade import OrderState, Reconciled
from runtime.health import Status
from runtime.metrics import MACHINE_METRICS, Metric, Metrics

BOT_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_md_staleness_seconds", kind="gauge", label="symbol", help="Age of the last valid quote"),
    Metric(name="bot_md_gaps_total", kind="counter", label="feed", help="Gaps in the sequence of a feed"),
    Metric(name="bot_refusals_total", kind="counter", label="rule", help="Refusals of the risk gate by control"),
    Metric(name="bot_orders_total", kind="counter", label="state", help="Orders that reached a state"),
    Metric(name="bot_cvar_used_ratio", kind="gauge", help="Tail risk of the joint book over its tighter budget"),
    Metric(name="bot_plans_total", kind="counter", label="outcome", help="Allocation plans that a decision looked at"),
    Metric(name="bot_equity_eur", kind="gauge", help="Equity in the account's currency"),
    Metric(name="bot_drawdown_ratio", kind="gauge", help="Fall of equity from its peak"),
    Metric(name="bot_recon_mismatch", kind="gauge", help="Differences between the venue's books and ours, last seen"),
    Metric(name="bot_features_cold", kind="gauge", help="Features that have not seen enough bars yet"),
    Metric(name="bot_signal_crps", kind="gauge", label="agent", help="CRPS of closed beliefs in reference deviations"),
    Metric(name="bot_signal_coverage_ratio", kind="gauge", label="agent", help="Outcomes inside the central 90 %"),
    Metric(name="bot_signal_ic", kind="gauge", label="agent", help="Correlation of what was expected and came true"),
    Metric(name="bot_blend_skill_ratio", kind="gauge", help="Pinball loss the blend saved against its pool"),
    Metric(name="bot_drift_level", kind="gauge", help="0 calm, 1 warn, 2 widen, 3 pool, 4 half, 5 flat"),
    Metric(
        name="bot_drift_psi",
        kind="gauge",
        label="input",
        labels_max=256,
        help="Population index of what the boosters are told against their training",
    ),
    Metric(
        name="bot_drift_ks",
        kind="gauge",
        label="input",
        labels_max=256,
        help="Kolmogorov-Smirnov distance of what the boosters are told from their training",
    ),
    Metric(name="bot_drift_agents_dropped", kind="gauge", help="Agents left out of the blend because of their inputs"),
    Metric(name="bot_regime_ratio", kind="gauge", label="regime", help="Filtered probability of each regime"),
    Metric(name="bot_regime_flipped", kind="gauge", help="1 while the regime has changed a short while ago"),
)
REGIMES: Final = ("calm", "normal", "wild")
DRIFT_LEVELS: Final[tuple[str, ...]] = get_args(DriftLevel)


class Measures:
    """Feeds `metrics` and says the status that /readyz shows."""

    kinds: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        ActorFailed, ActorRestarted, GatewayFailed, FeedStatus, MarkFrame, Refusal, OrderState, Verdict, Equity,
        Reconciled, ScoreCard, DriftState, InputDrift, RegimeState,
    )  # fmt: skip

    def __init__(self, system: System, opened: OpenRun) -> None:
        build = {"version": bot.VERSION, "run": opened.name, "profile": opened.name.rpartition("-")[0]}
        self.metrics = Metrics(
            (*MACHINE_METRICS, *BOT_METRICS, *STORE_METRICS, *REMOTE_METRICS, *MIRROR_METRICS, *ROLE_METRICS), build
        )
        self._system = system
        self._opened = opened
        self._marks: MarkFrame | None = None
        system.bus.tap(self, self.kinds)

    def __call__(self, envelope: Envelope[Any]) -> None:
        """Take one message."""
        said, metrics = envelope.payload, self.metrics
        match said:
            case ActorFailed():
                metrics.labelled("bot_actor_failures_total").add(said.actor)
            case GatewayFailed():
                metrics.labelled("bot_actor_failures_total").add(said.gateway)
            case ActorRestarted():
                metrics.labelled("bot_actor_restarts_total").add(said.actor)
            case FeedStatus(state="gap"):
                metrics.labelled("bot_md_gaps_total").add(said.feed)
            case Refusal():
                for reason in said.reasons:
                    metrics.labelled("bot_refusals_total").add(reason.control)
            case OrderState():
                metrics.labelled("bot_orders_total").add(said.state)
            case Reconciled():
                metrics.single("bot_recon_mismatch").value = len(said.mismatches)
            case ScoreCard() | DriftState() | InputDrift() | RegimeState():
                self._belief(said)
            case _:
                self._gauge(said)

    def _belief(self, said: ScoreCard | DriftState | InputDrift | RegimeState) -> None:
        metrics = self.metrics
        if isinstance(said, ScoreCard):
            metrics.labelled("bot_signal_crps").set(said.author, said.crps)
            metrics.labelled("bot_signal_coverage_ratio").set(said.author, float(said.coverage[1]))
            metrics.labelled("bot_signal_ic").set(said.author, said.ic)
            if said.author == "blend":
                metrics.single("bot_blend_skill_ratio").value = said.skill
        elif isinstance(said, DriftState):
            metrics.single("bot_drift_level").value = DRIFT_LEVELS.index(said.level)
            metrics.single("bot_drift_agents_dropped").value = len(said.dropped)
        elif isinstance(said, InputDrift):
            self._inputs(said)
        else:
            for regime, probability in zip(REGIMES, said.probabilities.values.tolist(), strict=True):
                metrics.labelled("bot_regime_ratio").set(regime, probability)
            metrics.single("bot_regime_flipped").value = float(said.flipped)

    def _inputs(self, said: InputDrift) -> None:
        figures = (("bot_drift_psi", said.divergence), ("bot_drift_ks", said.distance))
        for metric, column in figures:
            labelled = self.metrics.labelled(metric)
            for name, value in zip(said.names, column.values.tolist(), strict=True):
                if math.isfinite(value):
                    labelled.set(name, value)

    def look(self, lag_s: float) -> Status:
        """Bring the gauges up to date and say how things stand."""
        system, metrics = self._system, self.metrics
        metrics.single("bot_turns_total").value = system.bus.turn
        metrics.single("bot_journal_seq").value = system.bus.seq
        metrics.single("bot_journal_durable_seq").value = self._opened.journal.synced_seq
        metrics.single("bot_loop_lag_seconds").value = lag_s
        metrics.single("bot_features_cold").value = len(system.report.cold)
        for name, outlet in system.outlets.items():
            metrics.labelled("bot_mailbox_depth").set(name, len(outlet))
            metrics.labelled("bot_mailbox_shed_total").set(name, outlet.dropped)
        writer = system.gateways.get("feature_store")
        if isinstance(writer, FeatureWriter):
            measure_store(metrics, writer.figures)
        remote = system.gateways.get("remote_signals")
        if isinstance(remote, RemoteSignals):
            measure_remote(metrics, remote.counts, system.clock.now())
        stream = system.gateways.get("stream")
        if isinstance(stream, StreamGateway):
            measure_stream(metrics, stream.memory)
        self._ages()
        return self._status()

    def _gauge(self, said: msgspec.Struct) -> None:
        metrics = self.metrics
        if isinstance(said, MarkFrame):
            self._marks = said
        elif isinstance(said, Verdict):
            self._verdict(said)
        elif isinstance(said, Equity):
            metrics.single("bot_equity_eur").value = float(said.equity)
            fall = 1 - said.equity / said.peak if said.peak > 0 else 0
            metrics.single("bot_drawdown_ratio").value = float(fall)

    def _verdict(self, said: Verdict) -> None:
        pairs = ((said.cvar_after, said.cvar_max), (said.cvar_slow_after, said.cvar_slow_max))
        used = [after / most for after, most in pairs if most > 0 and math.isfinite(after)]
        if used:
            self.metrics.single("bot_cvar_used_ratio").value = max(used)
        if said.plan:
            self.metrics.labelled("bot_plans_total").add(said.plan)

    def _ages(self) -> None:
        marks, universe = self._marks, self._system.report.universe
        if marks is None or universe is None:
            return
        now_ns = self._system.clock.now()
        for column, symbol in enumerate(universe.symbols):
            if marks.tick_ns[column]:
                age_s = (now_ns - int(marks.tick_ns[column])) / SECOND_NS
                self.metrics.labelled("bot_md_staleness_seconds").set(symbol, age_s)

    def _status(self) -> Status:
        report = self._system.report
        reasons: list[str] = []
        state = "STARTING" if report.state is None else report.state.state
        if state != "TRADING":
            reasons.append(f"account is {state}")
            reasons += report.state.reasons if report.state else ()
        if report.cold:
            reasons.append(f"cold: {', '.join(report.cold)}")
        if self._system.ending is not None:
            reasons.append("stopping")
        summary: dict[str, str | int | float | bool | None] = {
            "run": self._opened.name,
            "state": state,
            "at": utc(self._system.bus.at_ns),
            "turns": self._system.bus.turn,
            "equity": None if report.equity is None else str(report.equity.equity),
            **report.counts,
        }
        return Status(ready=not reasons, reasons=tuple(reasons), summary=summary)
