"""What the chain is told for one decision, what it answers, and what it keeps until the label closes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from quant.ladder import Rung
from quant.remembering import State
from quant.rolling import Floats

EXPERTS = ("pool", "reference", "stack", "booster")
POOL, REFERENCE, STACK, BOOSTER = range(4)
SECOND_NS = 1_000_000_000


class Decision(NamedTuple):
    """Beliefs of K agents on N instruments at one instant, and what is known besides.

    `mu`, `sigma`, `confidence` (K, N) over the agents' own horizons `said_s` (K,), now `age_s` (K,) old; NaN where an
    agent is silent. `features` (features, N) by the names the chain was made with; `regimes` (3,) filtered. `pool_only`
    and `sigma_factor` are what drift demands.
    """

    said_ns: int
    mu: Floats
    sigma: Floats
    confidence: Floats
    said_s: Floats
    age_s: Floats
    features: Floats
    regimes: Floats
    sigma_factor: float = 1.0
    pool_only: bool = False


class Blend(NamedTuple):
    """The belief of the whole over the horizon; log returns, (N,) unless said otherwise; NaN where nothing is known.

    `quantiles` (levels, N) rise; `weights` (K, N) is the part of each agent in the mean, signed; `es_long` and
    `es_short` are mean losses in the worst 2.5 %; `stack` (G, K) and `expert_weights` (levels, experts) explain;
    `pool_quantiles` (levels, N) are what the pool alone would have said.
    """

    mu: Floats
    sigma: Floats
    confidence: Floats
    disagreement: Floats
    quantiles: Floats
    weights: Floats
    mu_error: Floats
    scale: Floats
    p_up: Floats
    es_long: Floats
    es_short: Floats
    rung: Rung
    stack: Floats
    expert_weights: Floats
    pool_quantiles: Floats


class Lesson(NamedTuple):
    """What a closed label teaches the boosters: inputs (N, M), base (levels, N) and z (N,) in units of `scale`."""

    said_ns: int
    x: Floats
    base: Floats
    z: Floats
    scale: Floats
    uniqueness: float


class Pending(NamedTuple):
    """A decision whose label is open, in units of `scale`; quantiles (levels, N) of experts, rungs and challenger."""

    facts: Floats  # seconds and nanoseconds of the instant, uniqueness
    scale: Floats
    mean: Floats
    deviation: Floats
    pool: Floats
    stack: Floats
    regimes: Floats
    inputs: Floats
    experts: Floats
    stack_weights: Floats
    booster_weights: Floats
    rungs: Floats
    challenger: Floats
    p_raw: Floats


def facts_of(said_ns: int, uniqueness: float) -> Floats:
    """The instant in two numbers that a float holds exactly, and what its label is worth."""
    return np.array([said_ns // SECOND_NS, said_ns % SECOND_NS, uniqueness], dtype=np.float64)


def said_ns_of(facts: Floats) -> int:
    """The instant that `facts_of` was told."""
    return int(facts[0]) * SECOND_NS + int(facts[1])


def flattened(pending: Mapping[int, Pending]) -> State:
    """Open decisions as named arrays of at most two dimensions, oldest first."""
    state: State = {}
    for place, each in enumerate(pending.values()):
        for name, value in each._asdict().items():
            state[f"{place}.{name}"] = np.array(value.reshape(-1, value.shape[-1]) if value.ndim > 2 else value)
    return state


def unflattened(state: Mapping[str, Floats], levels: int) -> dict[int, Pending]:
    """What `flattened` said."""
    pending: dict[int, Pending] = {}
    for place in range(len({name.split(".", 1)[0] for name in state})):
        fields = {name: np.array(state[f"{place}.{name}"]) for name in Pending._fields}
        for name in ("experts", "rungs"):
            fields[name] = fields[name].reshape(-1, levels, fields[name].shape[-1])
        pending[said_ns_of(fields["facts"])] = Pending(**fields)
    return pending
