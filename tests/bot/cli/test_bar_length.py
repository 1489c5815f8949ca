"""Bars of another length than the profile's: what `--bar` sets, what beats it, and what a lack is told with."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.backtest import said
from bot.cli.bar_length import check_length, in_bars_of, told
from bot.cli.errors import BAD_CONFIGURATION, Fail
from bot.cli.evaluate import a_duration
from bot.profile import Profile, load
from tests.kit.catalogs import bars, made


def in_bars(bar: str, *sets: str) -> Profile:
    return load("backtest", *said("backtest", list(sets), a_duration(bar)))


@pytest.mark.parametrize("bar", ["1m", "5m", "15m", "1h", "4h", "1d"])
def test_one_option_tells_a_profile_in_bars_of_any_usual_length(bar: str) -> None:
    profile, bar_s = in_bars(bar), a_duration(bar)
    sections = (profile.feed, profile.bars, profile.features, profile.regime, profile.risk)
    assert {each.bar_s for each in sections} == {bar_s}
    assert profile.features.horizon_bars == max(1, round(profile.horizon_s / bar_s))


def test_nothing_is_asked_or_said_of_less_than_a_bar() -> None:
    own, daily = load("backtest", {}), in_bars("1d")
    assert daily.horizon_s == daily.cadence.decide_s == 86_400.0
    assert {agent.label_s for agent in daily.agents.values()} == {86_400.0}
    assert min(agent.horizon_s for agent in daily.agents.values()) == 86_400.0
    hourly = in_bars("1h")
    assert hourly.agents["breakout"].horizon_s == own.agents["breakout"].horizon_s == 14_400.0
    assert hourly.agents["microprice"].horizon_s == 3_600.0


def test_shorter_bars_leave_cadence_and_horizons_as_they_are() -> None:
    own, minutes = load("backtest", {}), in_bars("1m")
    assert (minutes.cadence, minutes.horizon_s, minutes.agents) == (own.cadence, own.horizon_s, own.agents)
    assert minutes.features.horizon_bars == 60


def test_the_bars_of_the_profile_itself_change_nothing() -> None:
    assert in_bars("5m") == load("backtest", {})


def test_what_is_set_beats_what_the_bar_says() -> None:
    profile = in_bars("1h", "cadence.decide_s=14400", "horizon_s=28800")
    assert (profile.cadence.decide_s, profile.horizon_s, profile.features.horizon_bars) == (14_400.0, 28_800.0, 8)


def test_without_a_length_nothing_is_set() -> None:
    assert in_bars_of(None, "backtest", {}) == []


@given(st.integers(1, 400_000))
def test_a_length_is_told_as_the_option_takes_it(seconds: int) -> None:
    assert a_duration(told(float(seconds))) == seconds


def test_a_data_set_of_other_bars_is_refused_with_the_option_that_takes_them(tmp_path: Path) -> None:
    data = made(tmp_path / "minutes", {"BTC-EUR": bars(10)})
    with pytest.raises(Fail, match=r"has bars of 1m, the profile asks for 5m; take .* --bar 1m, or .* --bar 5m") as no:
        check_length(data, 300.0)
    assert no.value.code == BAD_CONFIGURATION
    check_length(data, 60.0)
