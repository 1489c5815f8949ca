"""Profiles: everything a run depends on, typed, from files and environment, with the origin of each value.

Nothing that touches money has a default here or anywhere below; the shipped profiles spell every limit out.
"""

import hashlib
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from actors.bar_builder import BarBuilderSettings
from actors.book_keeper import BookKeeperSettings
from actors.context_keeper import ContextKeeperSettings
from actors.drift_watcher import DriftWatcherSettings
from actors.execution.care import DeskSettings
from actors.feature_engine import FeatureEngineSettings
from actors.gateways.feed_handler import FeedSettings
from actors.gateways.metronome import CadenceSettings
from actors.gateways.order_gateway import OrderGatewaySettings
from actors.gateways.remote_signals import RemoteSettings
from actors.gateways.trainer import TrainerSettings
from actors.ledger import LedgerSettings
from actors.marker import MarkerSettings
from actors.meta_weighter import MetaWeighterSettings
from actors.outcomes import OutcomesSettings
from actors.regime_watcher import RegimeWatcherSettings
from actors.risk.account import SentinelSettings
from actors.risk.planning import PlanningSettings
from actors.risk.settings import CanaryRiskSettings, RiskSettings
from actors.scorer import ScorerSettings
from actors.selector import LearningSettings, SelectorSettings
from actors.settings import more_than_zero, within
from adapters.kafka.settings import KafkaSettings
from adapters.simulated.bar_prices import FillSettings
from bot.configuration import BadConfiguration, Layered, convert, layers
from bot.features.storing import StoreSettings
from bot.roles.settings import Role, RolesSettings
from bot.runs import replace_file
from bot.settings import (
    AccountSettings,
    AgentProfile,
    HealthSettings,
    JournalSettings,
    ModelsSettings,
    ProcessSettings,
    RunsSettings,
    SimulatedProfile,
    StrategyProfile,
    named,
    named_agent,
)

LIVE_REFUSES_ENVIRONMENT: Final = ("risk", "sentinel", "account")
"""Sections that the live profile takes from files alone: a stray variable must not move a limit."""

OUTSIDE_OF_DECISIONS: Final = ("kafka", "journal", "remote", "roles", "store", "warm_start")
"""What is kept, copied and let in: all of it is on record, so not even its presence is part of what decides."""

SEED_MAX: Final = 2**63 - 1
DECIDE_S_MIN: Final = 0.01
DECIDE_S_MAX: Final = 86_400.0


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole daemon."""

    name: str
    world: Literal["simulated", "live"]
    stage: Literal["canary", "paper", "soak", "live"]
    seed: int
    account: AccountSettings
    process: ProcessSettings
    runs: RunsSettings
    health: HealthSettings
    cadence: CadenceSettings
    feed: FeedSettings
    marks: MarkerSettings
    bars: BarBuilderSettings
    context: ContextKeeperSettings
    books: BookKeeperSettings
    features: FeatureEngineSettings
    regime: RegimeWatcherSettings
    agents: dict[str, AgentProfile]
    outcomes: OutcomesSettings
    scores: ScorerSettings
    drift: DriftWatcherSettings
    horizon_s: float
    selection: SelectorSettings
    learning: LearningSettings
    trainer: TrainerSettings
    models: ModelsSettings
    planning: PlanningSettings
    risk: RiskSettings
    sentinel: SentinelSettings
    desk: DeskSettings
    ledger: LedgerSettings
    orders: OrderGatewaySettings
    simulated: SimulatedProfile
    history: FillSettings | None = None
    strategy: StrategyProfile | None = None
    kafka: KafkaSettings | None = None
    store: StoreSettings | None = None
    warm_start: Literal["none", "journal"] = "none"
    journal: JournalSettings = JournalSettings()
    remote: RemoteSettings = RemoteSettings()
    role: Role = "all"
    roles: RolesSettings = RolesSettings()

    def __post_init__(self) -> None:
        named(self.name)
        if self.kafka is not None:
            self.kafka.refuse_plaintext(self.world)
        if self.store is not None:
            self.store.refuse_plaintext(self.world)
        within("the run", 0, SEED_MAX, seed=self.seed)
        if not self.agents:
            raise ValueError("agents were empty, expected at least one")
        for name in self.agents:
            named_agent(name)
        within("cadence", DECIDE_S_MIN, DECIDE_S_MAX, decide_s=self.cadence.decide_s)
        if self.planning.enabled and self.planning.age_s_max < self.cadence.decide_s:
            raise ValueError(
                f"planning.age_s_max was {self.planning.age_s_max:g}, expected at least cadence.decide_s "
                f"{self.cadence.decide_s:g}: a plan is first looked at in the decision after the one that asked"
            )
        tail = (1.0 - self.risk.cvar_alpha) * self.risk.scenarios
        if self.planning.enabled and self.planning.rows_max < 2.0 * tail:
            raise ValueError(
                f"planning.rows_max was {self.planning.rows_max}, expected at least twice the {tail:.0f} scenarios of "
                "the tail, so that what is asked about has the tail of every book"
            )
        if self.ledger.currency != self.account.currency:
            raise ValueError(f"ledger.currency {self.ledger.currency} differs from account {self.account.currency}")
        lengths = {each.bar_s for each in (self.bars, self.features, self.feed, self.regime, self.risk)}
        if len(lengths) > 1:
            raise ValueError(f"bars, features, feed, regime and risk have one bar_s, they were {sorted(lengths)}")
        more_than_zero("the slate", horizon_s=self.horizon_s)
        if self.features.horizon_bars != max(1, round(self.horizon_s / self.bars.bar_s)):
            raise ValueError(
                f"features.horizon_bars was {self.features.horizon_bars}, expected horizon_s {self.horizon_s:g} "
                f"in bars of {self.bars.bar_s:g} s"
            )

    @property
    def weighting(self) -> MetaWeighterSettings:
        """The meta-weighter hears exactly the agents there are, on the bars, labels and tails of the others."""
        return MetaWeighterSettings(
            agents=tuple(self.agents),
            horizon_s=self.horizon_s,
            bar_s=self.bars.bar_s,
            overlaps_max=self.outcomes.overlaps_max,
            tail_slope=self.risk.tail_slope,
        )

    @property
    def limits(self) -> RiskSettings:
        """The gate's limits; a canary's lie under ceilings that are compiled in."""
        if self.stage != "canary":
            return self.risk
        return CanaryRiskSettings(**msgspec.structs.asdict(self.risk))

    @property
    def digest(self) -> str:
        """What a run's decisions depend on: everything but the process's own housekeeping."""
        kept = msgspec.structs.replace(
            self,
            runs=RunsSettings(),
            models=ModelsSettings(),
            health=HealthSettings(),
            process=ProcessSettings(on_stop="keep"),
        )
        sections = {
            name: msgspec.Raw(msgspec.json.encode(getattr(kept, name), order="deterministic"))
            for name in kept.__struct_fields__
            if name not in OUTSIDE_OF_DECISIONS and (name, self.role) != ("role", "all")
        }
        return hashlib.blake2b(msgspec.json.encode(sections), digest_size=16).hexdigest()


def load(name: str, environment: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None) -> Profile:
    """A profile by name or path; raises BadConfiguration with all problems at once, variables as they were `typed`."""
    layered = layers(name, os.environ if environment is None else environment, typed)
    profile = convert(layered, Profile, f"profile {name!r}")
    _refuse_environment(profile, layered)
    return profile


def described(name: str, environment: Mapping[str, str] | None = None) -> list[tuple[str, Any, str]]:
    """Every value of a checked profile as (path, value, origin)."""
    layered = layers(name, os.environ if environment is None else environment)
    profile = convert(layered, Profile, f"profile {name!r}")
    plain = msgspec.to_builtins(profile, builtin_types=(Decimal,))
    return [(path, value, layered.origins.get(path, "default")) for path, value in _flat(plain)]


def store(profile: Profile, run: Path) -> None:
    """Keep the resolved profile with its run."""
    replace_file(run / "profile.json", msgspec.json.format(msgspec.json.encode(profile)) + b"\n")


def stored(run: Path) -> Profile:
    """The profile a run was made with; raises BadConfiguration where it is missing or no longer understood."""
    path = run / "profile.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Profile)
    except (OSError, msgspec.DecodeError) as error:
        what = f"the profile that was stored with the run, {path}"
        raise BadConfiguration(what, [f"{error}; restore it, or begin another run with --new"]) from error


def _refuse_environment(profile: Profile, layered: Layered) -> None:
    if profile.world != "live":
        return
    problems = [
        f"{path}: a live limit is taken from the profile file alone, not from {origin}; put it there"
        for path, origin in layered.origins.items()
        if origin.startswith(("environment ", "--")) and path.split(".")[0] in LIVE_REFUSES_ENVIRONMENT
    ]
    if problems:
        raise BadConfiguration(f"profile {profile.name!r}", problems)


def _flat(values: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        rows += _flat(value, here) if isinstance(value, dict) and value else [(here, value)]
    return rows
