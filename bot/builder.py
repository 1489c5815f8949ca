"""The builder: a system described by factories, because a supervisor can only restart what it can build again.

Every step returns a new builder. `build` performs no I/O, starts nothing, and names all missing parts at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bot.outside import Outside
from runtime.actor import ActorFactory, Gateway
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures


class IncompleteSystem(Exception):
    """Names every part that is missing; there is no default for any of them."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        self.missing = missing
        super().__init__(f"the system lacks: {', '.join(missing)}")


@dataclass(frozen=True)
class ActorPart:
    """A thinking actor: its name, its restart group, and how to build it."""

    name: str
    group: str
    factory: ActorFactory


@dataclass(frozen=True)
class GatewayPart:
    """A gateway: its name (the source of what it admits), its restart group, how to build it, and its inbox."""

    name: str
    group: str
    factory: Callable[[], Gateway]
    capacity: int = 4096


@dataclass(frozen=True)
class Assembly:
    """A whole system at rest: the bus with its cells, and the gateways to be started."""

    bus: Bus
    gateways: tuple[GatewayPart, ...]
    outside: Outside


REQUIRED: Final = (
    "marker", "bar_builder", "trade_keeper", "context_keeper", "book_keeper", "feature_engine", "regime_watcher",
    "agents", "outcomes", "scorer", "drift_watcher", "weighter", "selector", "risk", "desk", "ledger", "sentinel",
    "auditor", "feed", "cadence", "venue", "trainer", "allocator",
)  # fmt: skip

REQUIRED_OF_STRATEGY: Final = (
    "marker", "bar_builder", "strategy", "risk", "desk", "ledger", "sentinel", "auditor", "feed", "cadence", "venue",
)  # fmt: skip

SHARD_BELIEVES: Final = ("trade_keeper", "context_keeper", "book_keeper")
"""What only beliefs need: where others believe for a desk it does without."""

REQUIRED_OF_INGEST: Final = ("feed", "cadence")
REQUIRED_OF_DESK: Final = (
    *(part for part in REQUIRED if part not in (*SHARD_BELIEVES, "feed", "cadence")), "stream",
)  # fmt: skip
REQUIRED_OF_PART: Final = (
    "marker", "bar_builder", *SHARD_BELIEVES, "feature_engine", "regime_watcher", "outcomes",
)  # fmt: skip


@dataclass(frozen=True)
class SystemBuilder:
    """Collects parts; the order of the steps is the order in which actors hear a message."""

    outside: Outside
    checked: bool = False
    required: tuple[str, ...] = REQUIRED
    actors: tuple[ActorPart, ...] = ()
    gateways: tuple[GatewayPart, ...] = ()
    given: frozenset[str] = field(default_factory=frozenset)

    def with_actor(self, part: str, group: str, factory: ActorFactory, *, name: str = "") -> "SystemBuilder":
        """Add a thinking actor."""
        actor = ActorPart(name or part, group, factory)
        return replace(self, actors=(*self.actors, actor), given=self.given | {part})

    def with_gateway(self, part: str, group: str, factory: Callable[[], Gateway]) -> "SystemBuilder":
        """Add a gateway."""
        gateway = GatewayPart(part, group, factory)
        return replace(self, gateways=(*self.gateways, gateway), given=self.given | {part})

    def with_agents(self, agents: tuple[tuple[str, ActorFactory], ...]) -> "SystemBuilder":
        """Add signal agents by name; they share one role and have a restart budget each."""
        builder = self
        for name, factory in agents:
            builder = builder.with_actor("agents", "beliefs", factory, name=name)
        return builder

    def build(self) -> Assembly:
        """The system at rest; raises IncompleteSystem naming all missing parts, ValueError for a name used twice."""
        missing = tuple(part for part in self.required if part not in self.given)
        if missing:
            raise IncompleteSystem(missing)
        names = [part.name for part in self.actors] + [part.name for part in self.gateways]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each part has a name of its own, twice there: {', '.join(twice)}")
        shared = {group: Failures(budget) for group, budget in ACTOR_BUDGETS.items() if budget.one_for_all}
        cells = [
            Cell(
                part.name,
                part.group,
                part.factory,
                shared.get(part.group) or Failures(ACTOR_BUDGETS[part.group]),
                checked=self.checked,
            )
            for part in self.actors
        ]
        bus = Bus(cells, self.outside.journal, self.outside.clock.now)
        return Assembly(bus, self.gateways, self.outside)
