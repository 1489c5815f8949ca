"""The regime watcher speaks when bars close, flips for a while when the weather stays changed, and replays."""

import numpy as np
import pytest

from actors.bar_builder import BarBuilder, BarBuilderSettings
from actors.book_keeper import BookKeeper, BookKeeperSettings
from actors.feature_engine import FeatureEngine, FeatureEngineSettings
from actors.regime_watcher import RegimeWatcher, RegimeWatcherSettings
from contracts import codec
from contracts.belief import RegimeState
from quant.regime import DEFAULT, LABELS, ForwardFilter, observations
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures
from tests.kit.belief_chain import a_market, play
from tests.kit.market import a_bar_frame, a_bar_history, a_universe, a_universe_changed, an_envelope, at
from tests.kit.turns import MemoryJournal, Steps, a_bus

BAR_S = 60.0


def a_watcher(**settings) -> RegimeWatcher:
    watcher = RegimeWatcher(RegimeWatcherSettings(**settings))
    watcher.receive(an_envelope(a_universe_changed()))
    return watcher


def tell(watcher: RegimeWatcher, table, *, first: int = 0, every: int = 1) -> list[RegimeState]:
    """One bar frame per row; what was said."""
    said: list[RegimeState] = []
    for bar, row in enumerate(table, start=first):
        frame = a_bar_frame(close=row, close_ns=at(bar * every * BAR_S), bar_s=BAR_S)
        said.extend(watcher.receive(an_envelope(frame, seq=bar + 10)))
        watcher.check()
    return said


def weather(*parts, seed=0):
    """Closes (bars, 2) whose deviation is given for so many bars each."""
    scale = np.concatenate([np.full(bars, deviation) for bars, deviation in parts])
    noise = np.random.default_rng(seed).normal(size=(len(scale), 2)) * scale[:, None]
    return 100.0 * np.exp(noise.cumsum(axis=0))


def walks(*, bars: int):
    """Closes (bars, 2) of plain random walks."""
    return weather((bars, 5e-4), seed=1)


def test_every_closed_bar_is_answered_with_the_filtered_weather():
    table = walks(bars=120)
    said = tell(a_watcher(), table)
    forward = ForwardFilter(DEFAULT)
    expected = [forward.step(row) for row in observations(table)]
    assert len(said) == 120
    assert said[-1].probabilities.values == pytest.approx(expected[-1])
    assert said[-1].label == LABELS[int(np.argmax(expected[-1]))]
    assert said[-1].based_on == (129,)
    assert said[-1].parameters == DEFAULT.version
    assert codec.decode("RegimeState", codec.encode(said[-1])) == said[-1]


def test_history_warms_it_up_and_is_answered_once():
    table = walks(bars=120)
    watcher = a_watcher()
    history = a_bar_history(close=table, bar_s=BAR_S, last_close_ns=at(119 * BAR_S))
    (warmed,) = watcher.receive(an_envelope(history, seq=129))
    bar_by_bar = tell(a_watcher(), table)[-1]
    assert warmed == bar_by_bar
    assert tuple(watcher.receive(an_envelope(history, seq=130))) == ()
    assert watcher.state.old_bars == 120


def test_a_change_that_persists_flips_for_the_stated_number_of_bars():
    table = weather((400, 1e-4), (100, 1e-3))
    said = tell(a_watcher(flip_bars=7), table)
    flipped = np.array([each.flipped for each in said])
    first = int(np.argmax(flipped[400:])) + 400
    assert 400 < first < 420
    assert said[first].label == "wild"
    assert flipped[first : first + 7].all()
    assert not flipped[first + 7]
    assert said[first].fresh > 0.5


def test_one_bad_print_is_wild_weather_for_a_while_only():
    table = weather((600, 1e-4))
    table[350] *= 1.05
    wild = np.array([each.label == "wild" for each in tell(a_watcher(), table)])
    assert wild[351]
    assert not wild[410:440].any()


def test_a_hole_lets_the_certainty_fade():
    watcher = a_watcher()
    sure = tell(watcher, weather((300, 1e-4), (60, 1e-3)))[-1]
    frame = a_bar_frame(close=(np.nan, np.nan), close_ns=at(2000 * BAR_S), bar_s=BAR_S)
    (faded,) = watcher.receive(an_envelope(frame, seq=5000))
    assert sure.probabilities[2] > 0.95
    assert faded.probabilities[2] < 0.6


def test_it_restores_to_the_byte_in_the_middle():
    table = weather((200, 1e-4), (60, 5e-4))
    whole = tell(a_watcher(), table)
    first = a_watcher()
    tell(first, table[:220])
    kept = codec.decode_state(RegimeWatcher.state_type(), codec.encode(first.snapshot()))
    second = RegimeWatcher(RegimeWatcherSettings())
    second.restore(kept)
    assert tell(second, table[220:], first=220) == whole[220:]


def test_a_changed_universe_keeps_the_weather():
    watcher = a_watcher()
    before = tell(watcher, walks(bars=200))[-1]
    watcher.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR", "SOL-EUR", version=2)))
    frame = a_bar_frame(close=(np.nan,) * 3, close_ns=at(200 * BAR_S), bar_s=BAR_S, universe=2)
    (after,) = watcher.receive(an_envelope(frame, seq=999))
    assert after.probabilities.values == pytest.approx(before.probabilities.values @ DEFAULT.transition)


def test_bars_before_any_universe_are_no_news_and_other_lengths_a_defect():
    assert tuple(RegimeWatcher(RegimeWatcherSettings()).receive(an_envelope(a_bar_frame()))) == ()
    with pytest.raises(AssertionError, match=r"bars of 5.0 s"):
        a_watcher().receive(an_envelope(a_bar_frame(bar_s=5.0)))


@pytest.mark.parametrize("wrong", [{"persist_bars": 0}, {"flip_bars": 0}, {"surely": 0.3}, {"bar_s": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RegimeWatcherSettings(**wrong)


def test_the_weather_is_said_before_the_features_of_the_same_beat():
    universe = a_universe()
    journal, clock = MemoryJournal(), Steps(at(0))
    bus = a_bus(
        [
            Cell(name, "beliefs", factory, Failures(ACTOR_BUDGETS["beliefs"]), checked=True)
            for name, factory in (
                ("bar_builder", lambda: BarBuilder(BarBuilderSettings(bar_s=BAR_S))),
                ("book_keeper", lambda: BookKeeper(BookKeeperSettings())),
                ("feature_engine", lambda: FeatureEngine(FeatureEngineSettings(bar_s=BAR_S))),
                ("regime_watcher", lambda: RegimeWatcher(RegimeWatcherSettings(bar_s=BAR_S))),
            )
        ],
        journal,
        clock,
    )
    play(bus, clock, a_market(universe, seconds=61, history_bars=50))
    turns: dict[int, list[str]] = {}
    for record in journal.records:
        turns.setdefault(record.turn, []).append(record.type)
    closed = [types for types in turns.values() if "BarFrame" in types]
    assert closed
    assert all(types.index("RegimeState") < types.index("FeatureFrame") for types in closed)
