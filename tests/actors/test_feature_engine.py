import numpy as np
import pytest

from actors.feature_engine import (
    BAR_COLUMNS,
    BOOK_COLUMNS,
    CONTEXT_COLUMNS,
    PERP_COLUMNS,
    TRADE_COLUMNS,
    FeatureEngine,
    FeatureEngineSettings,
)
from contracts.belief import FeatureFrame
from contracts.column import floats, integers
from contracts.context import ContextFrame
from contracts.market import BarFrame, BookFrame, PerpFrame, TradeFrame
from contracts.quantities import SECOND_NS
from quant.features.engine import REGISTRY, SOURCES
from tests.kit.belief_chain import closes
from tests.kit.market import (
    a_bar_frame,
    a_bar_history,
    a_book_frame,
    a_mark_frame,
    a_universe_changed,
    an_envelope,
    at,
)
from tests.kit.sources import a_trade_frame

HISTORY = closes(width=2, bars=130)
BAR_NS = 60 * SECOND_NS


def an_engine(**settings) -> FeatureEngine:
    engine = FeatureEngine(FeatureEngineSettings(**settings))
    engine.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
    return engine


def tell(engine: FeatureEngine, *payloads, seq: int = 10) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(engine.receive(an_envelope(payload, seq=seq + offset))) == ()
        engine.check()


def features(engine: FeatureEngine, *, seq: int = 99, **book) -> FeatureFrame:
    (frame,) = engine.receive(an_envelope(a_book_frame(**book), seq=seq))
    assert isinstance(frame, FeatureFrame)
    return frame


def named(frame: FeatureFrame, name: str) -> np.ndarray:
    return frame.values.values[REGISTRY.index[name]]


def bars(first: int, last: int):
    """Bars `first` to `last` of the history as they would have closed."""
    return [
        a_bar_frame(close=HISTORY[bar], close_ns=at(0) + (bar - len(HISTORY) + 1) * BAR_NS)
        for bar in range(first, last)
    ]


def test_a_cold_engine_says_which_features_nobody_has_yet():
    frame = features(an_engine(), imbalance_l1=0.25)
    assert named(frame, "imb_l1").tolist() == [0.25, 0.25]
    assert {"ret_60", "z_120", "ewma_vol"} <= set(frame.cold)
    assert "imb_l1" not in frame.cold
    assert frame.schema == REGISTRY.schema_hash


def test_history_warms_every_bar_feature_up_before_the_first_beat():
    engine = an_engine()
    tell(engine, a_bar_history(close=closes(width=2, bars=300)))
    frame = features(engine)
    assert [name for name in frame.cold if REGISTRY[name].grid in ("bar", "hour", "clock")] == []
    assert np.isfinite(named(frame, "ret_240")).all()


def test_bars_from_history_and_bars_that_closed_give_the_same_features():
    at_once, mixed, live = an_engine(), an_engine(), an_engine()
    tell(at_once, a_bar_history(close=HISTORY))
    tell(mixed, a_bar_history(close=HISTORY[:30], last_close_ns=at(0) - 100 * BAR_NS), *bars(30, 130))
    tell(live, *bars(0, 130))
    expected = features(at_once).values
    assert features(mixed).values == expected
    assert features(live).values == expected


def test_a_bar_that_is_known_already_is_not_taken_twice():
    once, twice = an_engine(), an_engine()
    tell(once, a_bar_history(close=HISTORY))
    tell(twice, a_bar_history(close=HISTORY), *bars(120, 130))
    assert features(twice).values == features(once).values
    assert twice.state.old_bars == 10


def test_a_hole_between_bars_is_filled_with_absent_ones():
    absent = [a_bar_frame(close=(np.nan, np.nan), close_ns=at(0) + step * BAR_NS) for step in (1, 2, 3)]
    told, holed = an_engine(), an_engine()
    late = a_bar_frame(close=HISTORY[-1], close_ns=at(0) + 4 * BAR_NS)
    tell(told, a_bar_history(close=HISTORY), *absent, late)
    tell(holed, a_bar_history(close=HISTORY), late)
    assert features(holed).values == features(told).values


def test_features_name_the_marks_the_bar_and_the_book_they_came_from():
    engine = an_engine()
    tell(engine, a_mark_frame(), *bars(129, 130), seq=40)
    assert features(engine, seq=99).based_on == (40, 41, 99)


def test_an_instrument_that_stays_keeps_its_windows_when_the_universe_changes():
    engine = an_engine()
    tell(engine, a_bar_history(close=HISTORY))
    before = named(features(engine), "ret_60")
    tell(engine, a_universe_changed("XRP-EUR", "ETH-EUR", version=2))
    after = named(features(engine, universe=2), "ret_60")
    assert after[1] == before[1]
    assert np.isnan(after[0])


def test_a_frame_of_another_universe_or_bar_length_is_a_bug_and_not_believed():
    engine = an_engine()
    with pytest.raises(AssertionError, match="universe 2, expected 1"):
        tell(engine, a_mark_frame(universe=2))
    with pytest.raises(AssertionError, match=r"30.0 s, expected 60.0 s"):
        tell(engine, a_bar_frame(bar_s=30.0))


def test_before_a_universe_is_known_nothing_is_said():
    assert tuple(FeatureEngine(FeatureEngineSettings()).receive(an_envelope(a_book_frame()))) == ()


def test_in_a_market_with_sessions_the_time_it_is_closed_does_not_count():
    night = [a_bar_frame(close=HISTORY[-1] * 1.01, close_ns=at(0) + 10 * BAR_NS)]
    through, session = an_engine(), an_engine(hole_bars_max=0)
    for engine in (through, session):
        tell(engine, a_bar_history(close=HISTORY), *night)
    assert np.isnan(named(features(through), "ret_1")).all()
    assert np.isfinite(named(features(session), "ret_1")).all()
    expected = named(features(session), "ewma_vol") * named(features(session), "ret_1")
    np.testing.assert_allclose(expected, np.log(1.01))


def test_the_first_instrument_on_bitcoin_leads():
    engine = an_engine()
    assert engine._pipeline.leader == 0
    tell(engine, a_universe_changed("ETH-EUR", "BTC-EUR", version=2))
    assert engine._pipeline.leader == 1
    tell(engine, a_universe_changed("ETH-EUR", "XRP-EUR", version=3))
    assert engine._pipeline.leader is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bar_s": 0.0}, "bar_s was 0"),
        ({"horizon_bars": 0}, "horizon_bars was 0"),
        ({"hole_bars_max": -1}, "hole_bars_max was -1"),
        ({"ready_bars": 0}, "ready_bars was 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FeatureEngineSettings(**settings)


def test_history_after_a_restart_fills_the_time_the_process_was_away():
    at_once, away = an_engine(), an_engine()
    tell(at_once, a_bar_history(close=HISTORY))
    tell(away, a_bar_history(close=HISTORY[:30], last_close_ns=at(0) - 100 * BAR_NS))
    tell(away, a_bar_history(close=HISTORY[10:]))
    assert features(away).values == features(at_once).values
    assert away.state.old_bars == 20


def test_every_raw_column_of_a_source_is_a_field_of_its_message():
    tables = {
        BarFrame: ("bar", BAR_COLUMNS),
        TradeFrame: ("trade", TRADE_COLUMNS),
        BookFrame: ("book", BOOK_COLUMNS),
        PerpFrame: ("perp", PERP_COLUMNS),
        ContextFrame: ("context", CONTEXT_COLUMNS),
    }
    for message, (source, table) in tables.items():
        assert set(table) == set(SOURCES[source])
        assert set(table.values()) <= set(message.__struct_fields__)


def test_trades_perpetuals_and_the_world_reach_the_features_and_are_named_in_what_they_rest_on():
    engine = an_engine()
    row = floats([0.25, 0.5])
    perp = PerpFrame(universe=1, **dict.fromkeys(PERP_COLUMNS, row), perp_seq=integers([1, 1]))
    context = ContextFrame(universe=1, **dict.fromkeys(CONTEXT_COLUMNS, row), context_seq=1)
    tell(engine, a_trade_frame(simb_60s=[0.1, -0.1], burst=3.0), perp, context, seq=40)

    frame = features(engine, seq=99, imbalance_l20=0.75, queue_dep=-0.5)

    expected = {"simb_60s": [0.1, -0.1], "burst": [3.0, 3.0], "fund_now": [0.25, 0.5], "t10y2y": [0.25, 0.5]}
    expected |= {"imb_l20": [0.75, 0.75], "queue_dep": [-0.5, -0.5]}
    assert {name: named(frame, name).tolist() for name in expected} == expected
    assert frame.based_on == (40, 41, 42, 99)


def test_columns_that_a_book_frame_does_not_say_are_not_known():
    frame = features(an_engine())
    assert np.isnan([named(frame, "slope_book"), named(frame, "ofi_60s")]).all()
