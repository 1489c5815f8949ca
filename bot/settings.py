"""The sections of a profile that are the daemon's own: account, agents, process, health, runs, simulated outside."""

import re
from typing import Any, Final

import msgspec

from actors.agents.base import AgentSettings
from actors.settings import more_than_zero, within
from adapters.simulated.settings import BrokerSettings, MarketSettings
from adapters.simulated.weather import WeatherSettings
from bot.builder import REQUIRED
from contracts.life import StopPolicy
from contracts.topics import TABLE

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""Names of profiles and accounts, which become names of directories."""

AGENT_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
AGENTS_ARE_NOT: Final = (*REQUIRED, "process", "control", "bus", "feature_store", "remote_signals", "stream")
"""Authors of messages that are no agents."""

START_NS_MAX: Final = 2**62
STALL_S_MAX: Final = 120.0
DRAIN_S_MAX: Final = 3600.0
PORT_MAX: Final = 65_535


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which account, in which currency; the name keeps daemons, locks and epochs apart."""

    name: str
    currency: str

    def __post_init__(self) -> None:
        named(self.name)


class AgentProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One agent: `kind` names its class, shipped or `module:Class` of the user's own; `remote` runs elsewhere.

    `age_s_max` is how old a belief of a remote agent may be; 0 stands for its horizon.
    """

    kind: str
    horizon_s: float
    prior: float
    label_s: float
    age_s_max: float = 0.0

    def __post_init__(self) -> None:
        self.settings("of the profile", 60.0)

    def settings(self, name: str, bar_s: float) -> AgentSettings:
        """The agent's own settings under its name."""
        return AgentSettings(
            name=name,
            horizon_s=self.horizon_s,
            prior=self.prior,
            label_s=self.label_s,
            bar_s=bar_s,
            age_s_max=self.age_s_max,
        )


class StrategyProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strategy that decides in the place of the blend: shipped, an entry point, `module:Class`, or a .py file.

    `settings` are those that the strategy itself declares.
    """

    name: str
    settings: dict[str, Any] = {}


class SimulatedProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated outside: the market, the broker, the weather, and where a virtual run's time begins.

    `broker_socket` names the Unix socket of a broker that runs as a process of its own; empty keeps it in here.
    """

    start_ns: int
    broker_socket: str
    market: MarketSettings
    broker: BrokerSettings
    weather: WeatherSettings

    def __post_init__(self) -> None:
        within("simulated", 0, START_NS_MAX, start_ns=self.start_ns)
        if self.weather.late_s_max > self.broker.recv_window_s:
            raise ValueError(
                f"weather.late_s_max was {self.weather.late_s_max}, expected at most broker.recv_window_s "
                f"{self.broker.recv_window_s}: else an absence that the venue swears to proves nothing"
            )


class HealthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where /livez, /readyz, /healthz and /metrics are served; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8321
    lag_s_max: float = 5.0
    allow_remote: bool = False

    def __post_init__(self) -> None:
        within("health", 0, PORT_MAX, port=self.port)
        more_than_zero("health", lag_s_max=self.lag_s_max)


class ProcessSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process: what becomes of orders and positions at its end, and how its state is kept."""

    on_stop: StopPolicy
    drain_s: float = 10.0
    snapshot_s: float = 60.0
    flush_s: float = 0.05
    stall_s_max: float = 5.0
    lag_s_max: float = 0.25

    def __post_init__(self) -> None:
        within("process", 0, DRAIN_S_MAX, drain_s=self.drain_s)
        more_than_zero("process", snapshot_s=self.snapshot_s, flush_s=self.flush_s)
        if not 0 < self.lag_s_max < self.stall_s_max < STALL_S_MAX:
            raise ValueError(
                f"lag_s_max was {self.lag_s_max} and stall_s_max {self.stall_s_max}, "
                f"expected 0 < lag_s_max < stall_s_max < {STALL_S_MAX:g}"
            )


class RunsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where runs are kept."""

    directory: str = "runs"

    def __post_init__(self) -> None:
        if not self.directory:
            raise ValueError("directory was empty, expected where runs are kept")


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept whole of a run although a digest would do: `full` names topics.

    Raises:
        ValueError: a topic of which the journal keeps no digest.
    """

    full: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        digests = [topic.name for topic in TABLE if topic.recorded == "digest"]
        for name in self.full:
            if name not in digests:
                raise ValueError(f"full has {name!r}, expected a topic kept as a digest: {', '.join(digests)}")


class ModelsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where fitted models are kept."""

    directory: str = "models"

    def __post_init__(self) -> None:
        if not self.directory:
            raise ValueError("directory was empty, expected where models are kept")


def named(name: str) -> None:
    """Raises ValueError for what cannot be the name of a profile or an account."""
    if not NAME.fullmatch(name):
        raise ValueError(f"name was {name!r}, expected small letters, digits and dashes, at most 40")


def named_agent(name: str) -> None:
    """Raises ValueError for what cannot be the name of an agent."""
    if not AGENT_NAME.fullmatch(name) or name in AGENTS_ARE_NOT:
        raise ValueError(f"an agent was named {name!r}, expected a name of its own in small letters")
