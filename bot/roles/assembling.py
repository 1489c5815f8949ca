"""What the roles are put together of: the same actors and gateways as in one process, each where it is needed.

An ingest has no actor at all. A part of the agents is the market, the features and its own agents: agents learn from
the whole cross-section, so a part is a set of agents and never a set of instruments. A desk has everything else, and
for features and agents those who say what the shards said.
"""

from collections.abc import Callable
from functools import partial

from actors.bar_builder import BarBuilder
from actors.book_keeper import BookKeeper
from actors.context_keeper import ContextKeeper
from actors.feature_engine import FeatureEngine
from actors.gateways.barrier import split
from actors.gateways.stream_gateway import StreamGateway, StreamMemory
from actors.marker import Marker
from actors.outcomes import Outcomes
from actors.regime_watcher import RegimeWatcher
from actors.shard_beliefs import ShardAgent, ShardFeatures
from actors.trade_keeper import TradeKeeper
from bot.agents import REMOTE
from bot.builder import REQUIRED_OF_INGEST, REQUIRED_OF_PART, Assembly, SystemBuilder
from bot.configuration import BadConfiguration
from bot.outside import Outside
from bot.profile import Profile
from contracts.stream import StreamPosition
from runtime.actor import ActorFactory, Gateway

Agents = tuple[tuple[str, ActorFactory], ...]


def sharded(profile: Profile) -> tuple[str, ...]:
    """The agents that shards speak for; those of other processes are heard by the desk itself."""
    return tuple(name for name, each in profile.agents.items() if each.kind != REMOTE)


def check_role(profile: Profile) -> None:
    """Raises BadConfiguration for a profile whose roles cannot be split."""
    if profile.role != "all" and profile.strategy is not None:
        problem = f"role was {profile.role}, but a strategy decides as one process; expected role all"
        raise BadConfiguration(f"profile {profile.name!r}", [problem])


def ingest_assembly(outside: Outside, feed: Callable[[], Gateway], cadence: Callable[[], Gateway]) -> Assembly:
    """Feed and beats on record, and nobody who hears them."""
    return (
        SystemBuilder(outside, required=REQUIRED_OF_INGEST)
        .with_gateway("feed", "feeds", feed)
        .with_gateway("cadence", "metronome", cadence)
        .build()
    )


def part_assembly(profile: Profile, outside: Outside, agents: Agents, part: int, *, checked: bool = False) -> Assembly:
    """One part of the agents, with all that they hear."""
    mine = split(sharded(profile), profile.roles.parts)[part]
    builder = (
        SystemBuilder(outside, checked, REQUIRED_OF_PART)
        .with_actor("marker", "market", partial(Marker, profile.marks))
        .with_actor("bar_builder", "market", partial(BarBuilder, profile.bars))
    )
    return (
        with_features(builder, profile)
        .with_actor("regime_watcher", "beliefs", partial(RegimeWatcher, profile.regime))
        .with_agents(tuple((name, factory) for name, factory in agents if name in mine))
        .with_actor("outcomes", "beliefs", partial(Outcomes, profile.outcomes))
        .build()
    )


def with_features(builder: SystemBuilder, profile: Profile) -> SystemBuilder:
    """The features and what they alone need; on a desk, the word of the shards."""
    if profile.role == "desk":
        return builder.with_actor("feature_engine", "beliefs", ShardFeatures)
    return (
        builder.with_actor("trade_keeper", "market", TradeKeeper)
        .with_actor("context_keeper", "market", partial(ContextKeeper, profile.context))
        .with_actor("book_keeper", "market", partial(BookKeeper, profile.books))
        .with_actor("feature_engine", "beliefs", partial(FeatureEngine, profile.features))
    )


def speakers(profile: Profile, agents: Agents) -> Agents:
    """Who speaks for each agent: itself, or on a desk whoever says what its shard said."""
    if profile.role != "desk":
        return agents
    elsewhere = sharded(profile)
    return tuple(
        (name, partial(ShardAgent, name, profile.agents[name].horizon_s) if name in elsewhere else factory)
        for name, factory in agents
    )


def stream_gateway(
    profile: Profile, outside: Outside, position: StreamPosition | None, finished: Callable[[str], None]
) -> Callable[[], Gateway]:
    """The factory of stream gateways, which share one memory of where the stream stands."""
    return partial(
        StreamGateway,
        outside.stream,
        outside.clock,
        profile.roles,
        StreamMemory(profile.roles, sharded(profile), position),
        held=outside.held,
        on_finished=finished,
    )
