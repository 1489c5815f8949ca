"""Beliefs: counts become the calibration curve, the PIT, and weights over time."""

import math

import pytest

from adapters.records.rows import CalibrationRow, PitRow, WeightRow
from bot.review import beliefs
from quant.quantiles import LEVELS
from tests.kit.reviews import DAY_NS, JANUARY_NS, table


def calibration(shift: float = 0.0):
    return table(
        CalibrationRow,
        [
            CalibrationRow(author=author, level=level, below=round(1000 * min(1.0, level + shift)), labels=1000)
            for author in ("blend", "pool")
            for level in LEVELS.tolist()
        ],
    )


PIT = [PitRow(author="blend", low=n / 20, high=(n + 1) / 20, labels=5 if n else 15) for n in range(20)]
WEIGHTS = [WeightRow(at=JANUARY_NS + n * DAY_NS, agent=f"a{n % 2}", weight=0.1 * n) for n in range(6)]


def test_a_calibration_error_is_the_largest_distance_of_the_blend() -> None:
    figures = beliefs.figures_of(calibration(0.03))
    assert figures["calibration_error_max"] == pytest.approx(0.03)
    assert figures["labels"] == 1000
    assert figures["coverage_90"] == pytest.approx(0.9)


def test_the_charts_show_what_was_counted() -> None:
    section = beliefs.section_of(
        calibration(), table(PitRow, PIT), table(WeightRow, WEIGHTS), beliefs.figures_of(calibration())
    )
    curve, pit, weights = section.charts
    assert [series.name for series in curve.series] == ["pool", "blend"]
    assert curve.series[1].y == pytest.approx((0.0,) * len(LEVELS))
    assert pit.series[0].y[:2] == pytest.approx((20 * 15 / 110, 20 * 5 / 110))
    assert [series.name for series in weights.series] == ["a0", "a1"]
    assert weights.series[0].y == pytest.approx((0.0, 0.2, 0.4))
    assert weights.series[1].y == pytest.approx((0.1, 0.3, 0.5))


def test_no_labels_make_no_figures() -> None:
    figures = beliefs.figures_of(table(CalibrationRow, []))
    assert figures["labels"] == 0 and math.isnan(figures["calibration_error_max"])
    assert beliefs.section_of(table(CalibrationRow, []), table(PitRow, []), table(WeightRow, []), figures).charts == ()
