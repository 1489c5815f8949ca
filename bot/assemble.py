"""The whole bot. Everything a decision depends on is visible here."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from actors.auditor import Auditor
from actors.bar_builder import BarBuilder
from actors.drift_watcher import DriftWatcher
from actors.execution_desk import ExecutionDesk
from actors.gateways.allocator import Allocator
from actors.gateways.feature_store import FeatureWriter, StoreFigures
from actors.gateways.feed_counts import FeedCounts, Quarantined
from actors.gateways.feed_handler import FeedHandler
from actors.gateways.metronome import Metronome
from actors.gateways.order_gateway import OrderGateway
from actors.gateways.remote_signals import RemoteCounts, RemoteSignals
from actors.gateways.trainer import Trainer, buffer_of
from actors.ledger import Ledger
from actors.marker import Marker
from actors.meta_weighter import MetaWeighter
from actors.outcomes import Outcomes
from actors.regime_watcher import RegimeWatcher
from actors.risk_gate import RiskGate
from actors.scorer import Scorer
from actors.selector import Selector
from actors.sentinel import Sentinel
from actors.target_gate import TargetGate
from bot.agents import REMOTE, agent_of
from bot.builder import REQUIRED, REQUIRED_OF_DESK, REQUIRED_OF_STRATEGY, Assembly, SystemBuilder
from bot.outside import Outside
from bot.profile import Profile
from bot.roles.assembling import check_role, ingest_assembly, speakers, stream_gateway, with_features
from bot.settings import StrategyProfile
from bot.strategies import strategy_of
from contracts.stream import StreamPosition
from contracts.trade import Order
from quant.booster_inputs import BoosterInputs
from quant.features.engine import REGISTRY
from runtime.actor import ActorFactory, Gateway
from runtime.seeds import Seeds


def _nothing() -> None:
    """Nobody wants to know."""


def _never() -> bool:
    return False


def _nothing_against(order: Order) -> str:
    return ""


def _no_matter(why: str) -> None:
    """Whoever is not told of the end of a stream goes on."""


def _keep_in_memory(frame: Quarantined) -> None:
    """The handler's own ring keeps the last unreadable frames; the run keeps their number."""


@dataclass(frozen=True)
class Hooks:
    """What the process is told of, and asked, by gateways; a replay has none, because it starts no gateway.

    `first_epoch` numbers the first connection of the feed, beyond those of the processes before. `barred` says why an
    order may not leave although the account may trade. A desk goes on in its stream from `stream_position`.
    """

    warmed_up: asyncio.Event = field(default_factory=asyncio.Event)
    finished: Callable[[], None] = _nothing
    lagging: Callable[[], bool] = _never
    barred: Callable[[Order], str] = _nothing_against
    stream_over: Callable[[str], None] = _no_matter
    stream_position: StreamPosition | None = None
    feed_counts: FeedCounts = field(default_factory=FeedCounts)
    remote_counts: RemoteCounts = field(default_factory=RemoteCounts)
    store_figures: StoreFigures = field(default_factory=StoreFigures)
    first_epoch: int = 1


def assemble(profile: Profile, outside: Outside, hooks: Hooks, *, checked: bool = False) -> Assembly:
    """Put the bot together at rest, the same for every outside; actors hear a message in the order of the steps.

    `checked` asserts every actor's invariants after each message.
    """
    seeds = Seeds(profile.seed)
    feed, venue = _feed(profile, outside, hooks), _venue(profile, outside, hooks)
    cadence = partial(Metronome, outside.clock, profile.cadence, hooks.warmed_up.wait)
    check_role(profile)
    if profile.role == "ingest":
        return ingest_assembly(outside, feed, cadence)
    if profile.strategy is not None:
        return _of_strategy(
            profile, profile.strategy, outside, checked=checked, feed=feed, venue=venue, cadence=cadence
        )
    gate = partial(RiskGate, profile.limits, profile.account.currency, _chance(seeds, "risk"), profile.planning)
    desk = profile.role == "desk"
    builder = (
        SystemBuilder(outside, checked, REQUIRED_OF_DESK if desk else REQUIRED)
        .with_actor("sentinel", "desk", partial(Sentinel, profile.sentinel))
        .with_actor("marker", "market", partial(Marker, profile.marks))
        .with_actor("bar_builder", "market", partial(BarBuilder, profile.bars))
    )
    builder = (
        with_features(builder, profile)
        .with_actor("regime_watcher", "beliefs", partial(RegimeWatcher, profile.regime))
        .with_agents(speakers(profile, agents_of(profile)))
        .with_actor("outcomes", "beliefs", partial(Outcomes, profile.outcomes))
        .with_actor("scorer", "beliefs", partial(Scorer, profile.scores))
        .with_actor("drift_watcher", "beliefs", _drift_watcher(profile, outside))
        .with_actor("weighter", "choice", partial(MetaWeighter, profile.weighting, outside.models))
        .with_actor(
            "selector", "choice", partial(Selector, profile.selection, profile.learning, _chance(seeds, "selector"))
        )
        .with_actor("ledger", "desk", partial(Ledger, profile.ledger))
        .with_actor("risk", "desk", gate)
        .with_actor("desk", "desk", partial(ExecutionDesk, profile.desk))
        .with_actor("auditor", "desk", Auditor)
    )
    if desk:
        stream = stream_gateway(profile, outside, hooks.stream_position, hooks.stream_over)
        builder = builder.with_gateway("stream", "feeds", stream).with_gateway("venue", "orders", venue)
    else:
        builder = builder.with_gateway("feed", "feeds", feed).with_gateway("venue", "orders", venue)
        builder = builder.with_gateway("cadence", "metronome", cadence)
    builder = builder.with_gateway("trainer", "trainer", _trainer(profile, outside)).with_gateway(
        "allocator", "allocator", partial(Allocator, outside.workers, profile.planning.solve_s_max)
    )
    return _with_store(_with_remote(builder, profile, outside, hooks), profile, outside, hooks).build()


def _with_remote(builder: SystemBuilder, profile: Profile, outside: Outside, hooks: Hooks) -> SystemBuilder:
    """The gateway of agents elsewhere, where the profile has any."""
    remote = {
        name: each.settings(name, profile.bars.bar_s) for name, each in profile.agents.items() if each.kind == REMOTE
    }
    if not remote:
        return builder
    listening = partial(RemoteSignals, outside.signals, outside.clock, profile.remote, remote, hooks.remote_counts)
    return builder.with_gateway("remote_signals", "sources", listening)


def _with_store(builder: SystemBuilder, profile: Profile, outside: Outside, hooks: Hooks) -> SystemBuilder:
    """The writer of features for others to read, where there is a store."""
    if profile.store is None or outside.store is None:
        return builder
    writing = partial(
        FeatureWriter,
        outside.store,
        outside.clock,
        profile.store.writer,
        hooks.store_figures,
        bar_s=profile.features.bar_s,
        horizon_bars=profile.features.horizon_bars,
    )
    return builder.with_gateway("feature_store", "stores", writing)


def _venue(profile: Profile, outside: Outside, hooks: Hooks) -> Callable[[], OrderGateway]:
    """The factory of order gateways."""
    return partial(
        OrderGateway,
        outside.venue,
        outside.journal,
        outside.clock,
        profile.orders,
        lagging=hooks.lagging,
        barred=hooks.barred,
    )


def _feed(profile: Profile, outside: Outside, hooks: Hooks) -> Callable[[], FeedHandler]:
    """The factory of feed handlers, whose connections are numbered across restarts."""
    return partial(
        FeedHandler,
        outside.feed,
        outside.clock,
        profile.feed,
        chance=Seeds(profile.seed).generator("feed"),
        epochs=itertools.count(hooks.first_epoch),
        counts=hooks.feed_counts,
        quarantine=_keep_in_memory,
        on_warm=hooks.warmed_up.set,
        on_finished=hooks.finished,
    )


def _of_strategy(
    profile: Profile, strategy: StrategyProfile, outside: Outside, *, checked: bool, feed: Callable[[], Gateway],
    venue: Callable[[], Gateway], cadence: Callable[[], Gateway],
) -> Assembly:  # fmt: skip
    """The same house with a strategy in the place of beliefs and choice; the ledger speaks before it, as it did."""
    seeds = Seeds(profile.seed)
    gate = partial(TargetGate, profile.limits, profile.account.currency, _chance(seeds, "risk"))
    return (
        SystemBuilder(outside, checked, REQUIRED_OF_STRATEGY)
        .with_actor("sentinel", "desk", partial(Sentinel, profile.sentinel))
        .with_actor("marker", "market", partial(Marker, profile.marks))
        .with_actor("bar_builder", "market", partial(BarBuilder, profile.bars))
        .with_actor("ledger", "desk", partial(Ledger, profile.ledger))
        .with_actor("strategy", "choice", strategy_of(strategy, _chance(seeds, "strategy")))
        .with_actor("risk", "desk", gate)
        .with_actor("desk", "desk", partial(ExecutionDesk, profile.desk))
        .with_actor("auditor", "desk", Auditor)
        .with_gateway("feed", "feeds", feed)
        .with_gateway("venue", "orders", venue)
        .with_gateway("cadence", "metronome", cadence)
        .build()
    )


def _drift_watcher(profile: Profile, outside: Outside) -> ActorFactory:
    """The watcher of what the beliefs are worth, told which features each agent speaks from."""
    needs = {
        name: getattr(agent_of(each.kind, f"agent {name!r}"), "needs", ()) for name, each in profile.agents.items()
    }
    return partial(DriftWatcher, profile.drift, REGISTRY.names, outside.models, needs)


def _trainer(profile: Profile, outside: Outside) -> Callable[[], Trainer]:
    """The factory of trainers that share one buffer of examples, so that a restart forgets nothing."""
    inputs = BoosterInputs(
        tuple(profile.agents), REGISTRY.hashes, bar_s=profile.bars.bar_s, horizon_s=profile.horizon_s
    )
    return partial(
        Trainer,
        outside.clock,
        profile.trainer,
        outside.workers,
        outside.models,
        buffer_of(profile.trainer),
        names=inputs.names,
        schema=inputs.schema,
        seed=profile.seed,
    )


def _chance(seeds: Seeds, actor: str) -> Callable[[int], np.random.Generator]:
    """Chance of a decision by its number, so that a replay and a restart draw the same."""
    return lambda decision: seeds.generator(f"{actor}/{decision}")


def agents_of(profile: Profile) -> tuple[tuple[str, ActorFactory], ...]:
    """Name and factory of every agent of a profile; raises BadConfiguration for a kind that cannot be had."""
    return tuple(
        (name, partial(agent_of(each.kind, f"agent {name!r}"), each.settings(name, profile.bars.bar_s)))
        for name, each in profile.agents.items()
    )
