"""The driver: the live actors over a tape, causally, the same twice; and nothing of the future is ever seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapters.tables.feature_cache import FeatureCache
from bot.evaluation import history
from bot.evaluation.casting import cast_of, tape_of
from bot.evaluation.prices import Prices
from bot.evaluation.record import Record
from bot.evaluation.retraining import FittedModels, Gathering
from bot.evaluation.tape import universe_of
from contracts.belief import Outcome, Slate

HORIZON = 4


def a_history(rows: int = 150, width: int = 2, seed: int = 1) -> Prices:
    rng = np.random.default_rng(seed)
    steps = 0.004 * (0.6 * rng.standard_normal((rows, 1)) + 0.8 * rng.standard_normal((rows, width)))
    close = 100.0 * np.exp(np.cumsum(steps, axis=0))
    opened = np.concatenate([close[:1], close[:-1]])
    high, low = (
        edge * np.exp(sign * 0.001) for edge, sign in ((np.maximum(opened, close), 1), (np.minimum(opened, close), -1))
    )
    at_ns = 1_609_459_200_000_000_000 + 3_600_000_000_000 * np.arange(1, rows + 1)
    symbols = tuple(f"S{column}" for column in range(width))
    return Prices(symbols, at_ns, 3600.0, opened, high, low, close, 10.0 + rng.random((rows, width)))


def driven(prices: Prices, **options: object) -> Record:
    tape = tape_of(prices, HORIZON)
    return history.drive(tape, cast_of(tape, HORIZON, FittedModels()), **options)


def said(record: Record, rows: slice = slice(None)) -> bytes:
    """Everything that was said about some rows, to the byte."""
    tables = [
        record.mu,
        record.sigma,
        record.confidence,
        record.quantiles,
        record.slate_mu,
        record.weights,
        record.regimes,
    ]
    return b"".join(np.ascontiguousarray(table[rows]).tobytes() for table in [*tables, *record.stages.values()])


@pytest.fixture(scope="module")
def record() -> Record:
    return driven(a_history())


def test_agents_and_blend_speak_of_every_row_once_they_are_warm(record: Record) -> None:
    assert np.isfinite(record.mu[100:, record.places["ts_momentum"]]).all()
    assert np.isfinite(record.quantiles[100:]).all()
    assert (np.diff(record.quantiles[100:], axis=1) >= 0.0).all()
    assert set(record.rungs) <= {"pool", "stack", "booster"}


def test_features_from_the_cache_are_the_same_to_the_byte(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)

    fresh, kept = (tape_of(a_history(rows=80), HORIZON, cache) for _ in range(2))

    assert (
        fresh.features.tobytes() == kept.features.tobytes() == tape_of(a_history(rows=80), HORIZON).features.tobytes()
    )
    assert len(list(tmp_path.glob("*/values.f8"))) == 1


@pytest.mark.numbers
def test_the_same_history_says_the_same_twice(record: Record) -> None:
    assert said(driven(a_history())) == said(record)


@pytest.mark.parametrize(
    "poison",
    [
        "other prices",
        pytest.param("thousandfold", marks=pytest.mark.numbers),
        pytest.param("nothing", marks=pytest.mark.numbers),
    ],
)
def test_what_comes_later_moves_no_earlier_slate_by_a_bit(record: Record, poison: str) -> None:
    cut, prices = 120, a_history()
    tables = {name: getattr(prices, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for table in tables.values():
        if poison == "other prices":
            table[cut:] = np.random.default_rng(9).uniform(50.0, 150.0, table[cut:].shape)
        elif poison == "thousandfold":
            table[cut:] *= 1000.0
        else:
            table[cut:] = np.nan
    tables["high"] = np.fmax(np.fmax(tables["high"], tables["open"]), tables["close"])
    tables["low"] = np.fmin(np.fmin(tables["low"], tables["open"]), tables["close"])

    poisoned = driven(replace(prices, **tables))

    assert said(poisoned, slice(0, cut)) == said(record, slice(0, cut))
    assert said(poisoned, slice(cut, None)) != said(record, slice(cut, None))


def test_a_label_closes_exactly_the_horizon_later_in_rows_even_over_a_weekend() -> None:
    prices = a_history(rows=60, width=1)
    jumps = prices.at_ns + 48 * 3_600_000_000_000 * (np.arange(60) // 20)
    weekend = replace(prices, at_ns=jumps)
    heard: list[tuple[int, Outcome]] = []
    tape = tape_of(weekend, HORIZON)
    taps = {Outcome: lambda envelope: heard.append((envelope.at_ns, envelope.payload))}

    history.drive(tape, cast_of(tape, HORIZON, FittedModels()), taps=taps)

    labels = weekend.log_returns(HORIZON)
    rows = {tape.at_ns(row): row for row in range(60)}
    assert len(heard) > 50
    for at_ns, outcome in heard:
        assert rows[at_ns] - rows[outcome.said_ns] == HORIZON
        assert outcome.realised.values[0] == labels[rows[outcome.said_ns], 0]


@pytest.mark.numbers
def test_the_order_of_instruments_and_their_scale_change_nothing(record: Record) -> None:
    prices = a_history()

    turned = driven(prices.columns([1, 0]))
    scaled = driven(prices.scaled(np.array([1e-3, 250.0])))

    assert np.allclose(turned.quantiles[:, :, ::-1], record.quantiles, rtol=1e-9, atol=1e-12, equal_nan=True)
    assert np.allclose(scaled.quantiles, record.quantiles, rtol=1e-9, atol=1e-12, equal_nan=True)


def test_a_crash_of_an_actor_ends_the_evaluation_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.agents.ts_momentum import TsMomentum

    def broken(self: object, view: object) -> None:
        raise RuntimeError("no idea")

    monkeypatch.setattr(TsMomentum, "on_frame", broken)
    with pytest.raises(history.ActorBroke, match=r"ts_momentum crashed in row \d+: RuntimeError: no idea"):
        driven(a_history(rows=90, width=1))


@pytest.mark.numbers
def test_an_instrument_that_vanishes_is_not_believed_in_and_the_other_is(record: Record) -> None:
    prices = a_history()
    for table in (prices.open, prices.high, prices.low, prices.close, prices.volume):
        table[90:, 0] = np.nan

    vanished = driven(prices)

    assert np.isnan(vanished.mu[120:, :, 0]).all()
    assert np.isfinite(vanished.quantiles[120:, :, 1]).all()


def test_progress_is_told_and_taps_are_shown_what_they_want() -> None:
    told: list[int] = []
    seen: list[Slate] = []

    driven(
        a_history(rows=64, width=1), advance=told.append, taps={Slate: lambda envelope: seen.append(envelope.payload)}
    )

    assert sum(told) == 64
    assert len(seen) == 64


def test_a_learner_is_asked_at_every_row() -> None:
    asked: list[int] = []

    class Asked(Gathering):
        def due(self, row: int, clock_ns: int) -> None:
            asked.append(row)

    driven(a_history(rows=20, width=1), learner=Asked())

    assert asked == list(range(20))


def test_instruments_of_a_history_cost_what_they_are_said_to_and_have_no_visible_grid() -> None:
    universe = universe_of(a_history(), fee_bps=10.0)

    assert universe.symbols == ("S0", "S1")
    assert universe.instruments[0].fee_taker_bps == 10.0
    assert float(universe.instruments[0].tick) < 1e-12
