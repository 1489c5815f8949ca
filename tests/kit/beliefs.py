"""Builders of beliefs: features, signals, slates, outcomes, selections."""

import numpy as np
import numpy.typing as npt

from contracts.belief import (
    DriftLevel,
    DriftState,
    FeatureFrame,
    ModelFitted,
    Outcome,
    RegimeState,
    SignalFrame,
    Slate,
)
from contracts.column import Column, floats
from contracts.decision import Pick, Selection
from contracts.quantities import Side

LEVELS = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
NORMAL_SCORES = (-2.3263, -1.6449, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.6449, 2.3263)


def row(value: npt.ArrayLike, width: int) -> Column:
    """A float column: one number for every instrument, or a number for each."""
    return floats(np.broadcast_to(np.asarray(value, dtype=np.float64), (width,)))


def a_feature_frame(
    *,
    values: npt.ArrayLike,
    schema: str = "test",
    cold: tuple[str, ...] = (),
    based_on: tuple[int, ...] = (1,),
    universe: int = 1,
) -> FeatureFrame:
    """Features of shape (features, instruments)."""
    return FeatureFrame(universe, schema, floats(values), cold, based_on)


def a_signal_frame(
    *,
    agent: str = "momentum",
    width: int = 2,
    mu: npt.ArrayLike = 0.001,
    sigma: npt.ArrayLike = 0.01,
    confidence: npt.ArrayLike = 0.5,
    score: npt.ArrayLike = 1.0,
    horizon_s: float = 3600.0,
    regime: str = "",
    based_on: tuple[int, ...] = (1,),
    universe: int = 1,
) -> SignalFrame:
    """What one agent believes; a single number stands for every instrument."""
    return SignalFrame(
        agent=agent,
        universe=universe,
        horizon_s=horizon_s,
        mu=row(mu, width),
        sigma=row(sigma, width),
        confidence=row(confidence, width),
        score=row(score, width),
        regime=regime,
        based_on=based_on,
    )


def a_slate(
    *,
    width: int = 2,
    mu: npt.ArrayLike = 0.02,
    sigma: npt.ArrayLike = 0.01,
    confidence: npt.ArrayLike = 0.5,
    disagreement: npt.ArrayLike = 0.0,
    cost_bps: npt.ArrayLike = 1.0,
    horizon_s: float = 3600.0,
    agents: tuple[str, ...] = ("momentum",),
    weights: npt.ArrayLike = 1.0,
    blend: str = "test",
    based_on: tuple[int, ...] = (1,),
    universe: int = 1,
) -> Slate:
    """A blended belief with normal quantiles; a single number stands for every instrument."""
    centre, scale = row(mu, width), row(sigma, width)
    quantiles = centre.values + np.outer(NORMAL_SCORES, scale.values)
    shared = np.broadcast_to(np.asarray(weights, dtype=np.float64), (len(agents), width))
    return Slate(
        universe=universe,
        horizon_s=horizon_s,
        mu=centre,
        sigma=scale,
        confidence=row(confidence, width),
        disagreement=row(disagreement, width),
        cost_bps=row(cost_bps, width),
        levels=floats(LEVELS),
        quantiles=floats(quantiles),
        agents=agents,
        weights=floats(shared),
        blend=blend,
        based_on=based_on,
    )


def an_outcome(
    *,
    author: str = "momentum",
    width: int = 2,
    mu: npt.ArrayLike = 0.001,
    sigma: npt.ArrayLike = 0.01,
    score: npt.ArrayLike = 1.0,
    realised: npt.ArrayLike = 0.0,
    horizon_s: float = 3600.0,
    said_seq: int = 1,
    said_ns: int = 0,
    based_on: tuple[int, ...] = (1,),
    universe: int = 1,
) -> Outcome:
    """What came true of a belief; a single number stands for every instrument."""
    return Outcome(
        author=author,
        universe=universe,
        said_seq=said_seq,
        said_ns=said_ns,
        horizon_s=horizon_s,
        mu=row(mu, width),
        sigma=row(sigma, width),
        score=row(score, width),
        realised=row(realised, width),
        based_on=based_on,
    )


def a_pick(
    *,
    symbol: str = "BTC-EUR",
    side: Side = "buy",
    quality: float = 0.1,
    gain: float = 0.1,
    propensity: float = 1.0,
    held: bool = False,
) -> Pick:
    return Pick(symbol, side, quality, gain, propensity, held)


def a_selection(
    *picks: Pick,
    decision: int = 1,
    runners_up: tuple[Pick, ...] = (),
    slate_seq: int = 1,
    based_on: tuple[int, ...] = (1,),
    universe: int = 1,
) -> Selection:
    """A selection of those picks, uncorrelated."""
    return Selection(
        decision=decision,
        universe=universe,
        picks=picks,
        runners_up=runners_up,
        correlation=floats(np.eye(len(picks))) if picks else floats(np.zeros((0, 0))),
        slate_seq=slate_seq,
        based_on=based_on,
    )


def a_regime_state(*, probabilities: npt.ArrayLike = (0.2, 0.5, 0.3), label: str = "normal") -> RegimeState:
    """A regime that has lasted a while."""
    return RegimeState(
        probabilities=floats(probabilities),
        label=label,
        run_bars=100.0,
        fresh=0.0,
        flipped=False,
        parameters="test",
        based_on=(1,),
    )


def a_drift_state(
    *, level: DriftLevel = "calm", sigma_factor: float = 1.0, dropped: tuple[str, ...] = ()
) -> DriftState:
    return DriftState(
        level=level, reasons=(), sigma_factor=sigma_factor, size_factor=1.0, based_on=(1,), dropped=dropped
    )


def a_model_fitted(*, model: str = "ab" * 32, schema: str = "test", challenger: bool = False) -> ModelFitted:
    return ModelFitted(
        model=model, schema=schema, trained_until_ns=1, examples=600, challenger=challenger, detail="test"
    )
