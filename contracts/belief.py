"""What is believed, and how surely: features, signals, blended opportunities, and what came true.

All returns are log returns over `horizon_s`; sigma is their standard deviation; NaN means "no belief". Frames hold
columns over the universe; `Signal` and `Opportunity` are the rows that leave the process, validated one by one.
"""

import math
from typing import Literal

import msgspec

from contracts.column import Column
from contracts.quantities import Bps, Nanos, Seconds

Direction = Literal["long", "short", "flat"]


class FeatureFrame(msgspec.Struct, frozen=True, gc=False):
    """All features of one instant: `values` has shape (features, instruments) in the order of the schema."""

    universe: int
    schema: str
    values: Column
    cold: tuple[str, ...]
    based_on: tuple[int, ...]


class SignalFrame(msgspec.Struct, frozen=True, gc=False):
    """What one agent believes of every instrument; `score` is the standardised evidence behind mu."""

    agent: str
    universe: int
    horizon_s: Seconds
    mu: Column
    sigma: Column
    confidence: Column
    score: Column
    regime: str
    based_on: tuple[int, ...]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """The row view of a `SignalFrame`.

    Raises:
        ValueError: mu not finite, sigma or horizon not positive, or confidence outside [0, 1].
    """

    agent: str
    symbol: str
    mu: float
    sigma: float
    horizon_s: Seconds
    confidence: float
    direction: Direction
    regime: str
    based_on: tuple[int, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and math.isfinite(self.sigma) and self.sigma > 0 and self.horizon_s > 0):
            raise ValueError(
                f"{self.agent} on {self.symbol}: mu {self.mu}, sigma {self.sigma}, horizon {self.horizon_s} s; "
                "expected finite, positive, positive"
            )
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.agent} on {self.symbol}: confidence was {self.confidence}, expected 0 to 1")


class Slate(msgspec.Struct, frozen=True, gc=False):
    """The blended belief over the universe.

    `quantiles` has shape (levels, instruments) and rises along the levels; `weights` has shape (agents, instruments);
    `disagreement` is the variance of mu between agents; `cost_bps` the expected cost of a round trip.
    """

    universe: int
    horizon_s: Seconds
    mu: Column
    sigma: Column
    confidence: Column
    disagreement: Column
    cost_bps: Column
    levels: Column
    quantiles: Column
    agents: tuple[str, ...]
    weights: Column
    blend: str
    based_on: tuple[int, ...]


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """The row view of a `Slate`.

    Raises:
        ValueError: mu not finite, sigma not positive, or quantiles that fall.
    """

    symbol: str
    mu: float
    sigma: float
    horizon_s: Seconds
    confidence: float
    cost_bps: Bps
    quantiles: tuple[float, ...]
    weights: dict[str, float]
    based_on: tuple[int, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and math.isfinite(self.sigma) and self.sigma > 0):
            raise ValueError(f"{self.symbol}: mu {self.mu}, sigma {self.sigma}; expected finite and positive")
        if any(low > high for low, high in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise ValueError(f"{self.symbol}: quantiles fall: {self.quantiles}")


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """A belief whose horizon is over: what it said, and what came true by the marks as they were known.

    `author` is the agent's name, or `blend`. Costs are kept apart: `realised` is gross.
    """

    author: str
    universe: int
    said_seq: int
    said_ns: Nanos
    horizon_s: Seconds
    mu: Column
    sigma: Column
    score: Column
    realised: Column
    based_on: tuple[int, ...]
