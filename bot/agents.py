"""Where agents are found: shipped by kind, an entry point of the group `keel.agents`, `module:Class`, or a .py file."""

from collections.abc import Mapping
from typing import Final

from actors.agents.base import Agent
from bot.discovery import Family

SHIPPED: Final[Mapping[str, str]] = {
    "ts_momentum": "actors.agents.ts_momentum:TsMomentum",
    "ou_reversion": "actors.agents.ou_reversion:OuReversion",
    "breakout": "actors.agents.breakout:Breakout",
    "vol_managed": "actors.agents.vol_managed:VolManaged",
    "funding_carry": "actors.agents.funding_carry:FundingCarry",
    "ofi": "actors.agents.ofi:Ofi",
    "microprice": "actors.agents.microprice:Microprice",
    "pairs": "actors.agents.pairs:Pairs",
    "xs_reversal": "actors.agents.xs_reversal:XsReversal",
    "seasonality": "actors.agents.seasonality:Seasonality",
    "sentiment": "actors.agents.sentiment:Sentiment",
    "macro": "actors.agents.macro:Macro",
}
"""Kind -> where its class is."""

REMOTE: Final = "remote"
"""The kind of an agent that runs in another process; the other words are classes that run in this one."""

AGENTS: Final[Family[Agent]] = Family(
    Agent, "agent", "kind", "keel.agents", {**SHIPPED, REMOTE: "actors.agents.remote:Remote"}
)


def agent_of(kind: str, owner: str = "") -> type[Agent]:
    """The class of an agent by its kind; raises BadConfiguration saying what was wrong and what there is."""
    return AGENTS.find(kind, owner or f"agent {kind!r}")


def kinds() -> dict[str, str]:
    """Every kind that can be named without a path, and where it is from: `shipped` or the package that brings it."""
    return AGENTS.names()
