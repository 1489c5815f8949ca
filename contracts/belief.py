"""What is believed, and how surely: features, signals, blended opportunities, and what came true.

All returns are log returns over `horizon_s`; sigma is their standard deviation; NaN means "no belief". Frames hold
columns over the universe; `Signal` and `Opportunity` are the rows that leave the process, validated one by one.
"""

import math
from typing import Literal

import msgspec

from contracts.column import Column, floats
from contracts.quantities import Bps, Nanos, Seconds

Direction = Literal["long", "short", "flat"]
Rung = Literal["pool", "stack", "booster"]
DriftLevel = Literal["calm", "warn", "widen", "pool", "half", "flat"]


def _none() -> Column:
    return floats([])


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

    `mu_error` is the standard error of mu, `scale` the reference deviation s_ref over the horizon; `p_up` the
    probability that the return is above 0; `es_long` and `es_short` the mean loss (positive) of a long and of a short
    position in its worst 2.5 %. `rung` says how far up the ladder the blend stands, `model` names the boosters used (""
    for none) and `schema` the inputs they were trained on. `regimes` are the filtered probabilities (regimes,) and
    `stack` the signed weight of each agent in each (regimes, agents); `expert_weights` (levels, experts) says how the
    experts were blended. `pool_quantiles` (levels, instruments) are those of the pool, which the blend has to beat.
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
    mu_error: Column = msgspec.field(default_factory=_none)
    scale: Column = msgspec.field(default_factory=_none)
    p_up: Column = msgspec.field(default_factory=_none)
    es_long: Column = msgspec.field(default_factory=_none)
    es_short: Column = msgspec.field(default_factory=_none)
    rung: Rung = "pool"
    model: str = ""
    schema: str = ""
    regime: str = ""
    regimes: Column = msgspec.field(default_factory=_none)
    stack: Column = msgspec.field(default_factory=_none)
    experts: tuple[str, ...] = ()
    expert_weights: Column = msgspec.field(default_factory=_none)
    pool_quantiles: Column = msgspec.field(default_factory=_none)


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

    `author` is the agent's name, or `blend`. Costs are kept apart: `realised` is gross, `cost_bps` (of the blend alone)
    the cost of a round trip as expected when it was said. `quantiles` (levels, instruments) are those of the blend and
    `pool_quantiles` those of the pool it was made of; an agent has none.
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
    quantiles: Column = msgspec.field(default_factory=_none)
    cost_bps: Column = msgspec.field(default_factory=_none)
    pool_quantiles: Column = msgspec.field(default_factory=_none)


class RegimeState(msgspec.Struct, frozen=True, kw_only=True):
    """Which weather the market has, filtered: from what was known at the time alone.

    `probabilities` (3,) are those of the hidden states in the order of their variance, `label` the most probable one
    (`calm`, `normal` or `wild`). `run_bars` is the expected number of bars since the last change, `fresh` the
    probability that it was fewer than twenty. `flipped` says that the regime changed a short while ago: exploration
    freezes and the gate is conservative. `parameters` names the fitted parameters in use.
    """

    probabilities: Column
    label: str
    run_bars: float
    fresh: float
    flipped: bool
    parameters: str
    based_on: tuple[int, ...]


class ScoreCard(msgspec.Struct, frozen=True, kw_only=True):
    """How good the beliefs of one author have been lately; over closed labels, recent ones counting more.

    The author is an agent, `blend`, or `pool`. `labels` is how many the figures rest on, overlapping ones counted in
    part. `pinball` (levels,) and `crps` are in units of the reference deviation;
    `coverage` (3,) is the share of outcomes inside the central 50, 90 and 98 %; `pit` (10,) the share in each tenth of
    the distribution said; `ic` the correlation of mu and outcome; `skill` the pinball saved against the pool (0 for
    the pool itself, NaN for agents). NaN before any label.
    """

    author: str
    labels: float
    pinball: Column
    crps: float
    coverage: Column
    pit: Column
    ic: float
    skill: float
    based_on: tuple[int, ...]


class DriftState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the beliefs have drifted from what came true, what was alarmed, and what it does.

    Levels rise: `warn` says it, `widen` multiplies sigma by `sigma_factor`, `pool` takes the blend back to the pool,
    `half` halves sizes through `size_factor`, `flat` opens nothing. `dropped` are agents to be left out of the blend,
    because what they say, or are told, is not what it was in training.
    """

    level: DriftLevel
    reasons: tuple[str, ...]
    sigma_factor: float
    size_factor: float
    based_on: tuple[int, ...]
    dropped: tuple[str, ...] = ()


class InputDrift(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How far what the boosters are told is from what they learned from, by input (`names`), now and then.

    `divergence` is the population stability index, `distance` and `p` those of Kolmogorov and Smirnov, `absent` how
    much more often than in training an input is absent; NaN for what was never there. `drifted` are the inputs that
    chance does not account for, `dropped` the agents left out because of them; `model` names whose training it was.
    """

    model: str
    names: tuple[str, ...]
    divergence: Column
    distance: Column
    p: Column
    absent: Column
    drifted: tuple[str, ...]
    dropped: tuple[str, ...]
    based_on: tuple[int, ...]


class Example(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the boosters learn from: the inputs of one blend and what came true; rows are instruments.

    `x` (instruments, inputs) in the order of the inputs whose hash is `schema`; `base` (levels, instruments) the
    quantiles the boosters start from, in units of `scale`; `z` the realised return in units of `scale`, NaN where it is
    not known; `weight` in (0, 1] is how unique the label is among those that overlap it.
    """

    universe: int
    schema: str
    said_ns: Nanos
    end_ns: Nanos
    x: Column
    base: Column
    z: Column
    scale: Column
    weight: float
    based_on: tuple[int, ...]


class ModelFitted(msgspec.Struct, frozen=True, kw_only=True):
    """Boosters whose bytes were verified, validated and probed; admitted only then.

    `model` is the SHA-256 of its manifest, by which the store finds it; `challenger` says that it runs beside the
    champion until it has proved better. An empty `model` demotes to the ladder below the boosters.
    """

    model: str
    schema: str
    trained_until_ns: Nanos
    examples: int
    challenger: bool
    detail: str
