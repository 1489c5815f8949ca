"""A profile's instruments, fees and limits reach the judgement."""

import numpy as np
import pytest

from bot.feasibility import Unmeasured, judged


def a_file(tmp_path, *symbols):
    rng = np.random.default_rng(1)
    walk = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (100, len(symbols))), axis=0))
    lines = [",".join(("time", *symbols))]
    lines += [
        ",".join((f"2026-01-{1 + row // 24:02d}T{row % 24:02d}:00:00", *(f"{each:.4f}" for each in walk[row])))
        for row in range(100)
    ]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_canary_is_judged_by_its_warm_up():
    report = judged("canary", 500.0, None, None, None, None)
    assert (report["budget"], report["slow_budget"], report["horizon_s"]) == (5.0, 10.0, 14_400.0)
    assert report["viable"] == len(report["instruments"])
    assert report["source"] == "1500 bars of warm-up"
    row = report["instruments"][0]
    assert row["smallest"] >= 5.1
    assert 0.0 < row["cvar"] < row["cvar_slow"]


def test_a_file_of_prices_is_measured_and_strangers_need_a_smallest_order(tmp_path):
    path = a_file(tmp_path, "AAA", "BBB")
    with pytest.raises(Unmeasured, match="does not know AAA, BBB; give --smallest NOTIONAL"):
        judged("canary", 500.0, 5.0, 86_400.0, path, None)
    report = judged("canary", 500.0, 5.0, 86_400.0, path, 10.0)
    assert [row["symbol"] for row in report["instruments"]] == ["AAA", "BBB"]
    assert report["instruments"][0]["smallest"] == pytest.approx(10.2, abs=1e-4)


def test_a_profile_without_bars_asks_for_a_file():
    with pytest.raises(Unmeasured, match="give a file with --prices FILE"):
        judged("live", 500.0, None, None, None, None)
