"""What is known of perpetuals and of the world, and from when: nothing before its release, nothing rewritten."""

import gzip
import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.context_keeper import ContextKeeper, ContextKeeperSettings, ContextKeeperState
from contracts import codec
from contracts.context import ContextFrame, ContextValue, known_from
from contracts.market import Perp, PerpFrame
from tests.kit.market import a_beat, a_universe_changed, an_envelope, at
from tests.kit.recordings import recording
from tests.kit.sources import a_context_value, a_perp


def a_keeper() -> ContextKeeper:
    keeper = ContextKeeper(ContextKeeperSettings())
    keeper.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
    return keeper


def tell(keeper: ContextKeeper, *payloads: Perp | ContextValue, second: float = 0.0, seq: int = 10) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(keeper.receive(an_envelope(payload, seq=seq + offset, at_ns=at(second)))) == ()
        keeper.check()


def shown(keeper: ContextKeeper, *, at_ns: int) -> tuple[PerpFrame | None, ContextFrame | None]:
    frames = tuple(keeper.receive(an_envelope(a_beat(), at_ns=at_ns)))
    perp = next((frame for frame in frames if isinstance(frame, PerpFrame)), None)
    return perp, next((frame for frame in frames if isinstance(frame, ContextFrame)), None)


def perps(keeper: ContextKeeper, *, second: float) -> PerpFrame:
    frame, _ = shown(keeper, at_ns=at(second))
    assert frame is not None
    return frame


def context(keeper: ContextKeeper, *, second: float) -> ContextFrame:
    _, frame = shown(keeper, at_ns=at(second))
    assert frame is not None
    return frame


def test_where_nothing_was_said_nothing_is_said() -> None:
    assert shown(a_keeper(), at_ns=at(1)) == (None, None)


def test_a_perpetual_shows_its_funding_basis_and_interest() -> None:
    keeper = a_keeper()
    tell(keeper, a_perp(funding=1e-4, next_funding_ns=at(3600), mark=101.0, index=100.0, open_interest=5e3), seq=7)

    frame = perps(keeper, second=600)

    assert frame.funding[0] == 1e-4
    assert frame.next_funding_s[0] == 3000.0
    assert frame.basis_bps[0] == pytest.approx(100.0)
    assert frame.open_interest[0] == 5e3
    assert frame.perp_seq.values.tolist() == [7, 0]
    assert np.isnan([frame.funding[1], frame.next_funding_s[1], frame.basis_bps[1], frame.liquidated[1]]).all()


def test_a_prediction_ends_at_its_settlement_and_the_settled_rate_is_not_known_before() -> None:
    """Rule R3."""
    keeper = a_keeper()
    tell(keeper, a_perp(funding=1e-4, next_funding_ns=at(600)))
    assert perps(keeper, second=599).funding[0] == 1e-4
    after = perps(keeper, second=600)
    assert np.isnan([after.funding[0], after.next_funding_s[0]]).all()
    tell(keeper, a_perp(settled=3e-4, settled_ns=at(600)), second=601)
    assert perps(keeper, second=602).funding[0] == 3e-4
    tell(keeper, a_perp(funding=2e-4, next_funding_ns=at(1200)), second=603)
    assert perps(keeper, second=604).funding[0] == 2e-4


def test_an_old_word_on_a_perpetual_is_no_knowledge() -> None:
    keeper = a_keeper()
    tell(keeper, a_perp(open_interest=5e3))

    assert perps(keeper, second=899).open_interest[0] == 5e3
    assert np.isnan(perps(keeper, second=901).open_interest[0])


def test_forced_orders_are_summed_with_their_signs_for_an_hour() -> None:
    keeper = a_keeper()
    tell(keeper, a_perp(liquidated=5.0), second=0)
    tell(keeper, a_perp(liquidated=-2.0), second=1800)
    tell(keeper, a_perp(mark=1.0, index=1.0), second=3700)

    assert perps(keeper, second=1801).liquidated[0] == 3.0
    assert perps(keeper, second=3701).liquidated[0] == -2.0


def test_numbers_that_cannot_be_are_counted_and_what_was_known_stays() -> None:
    keeper = a_keeper()
    tell(keeper, a_perp(mark=101.0, index=100.0), a_perp(mark=0.0, index=float("nan"), funding=-2.0))
    tell(keeper, a_perp(symbol="XRP-EUR"))

    assert (keeper.state.invalid, keeper.state.unknown_symbol) == (3, 1)
    assert perps(keeper, second=1).basis_bps[0] == pytest.approx(100.0)


def test_a_figure_is_not_known_before_its_release() -> None:
    keeper = a_keeper()
    tell(keeper, a_context_value("vix", 14.0, released_s=0), a_context_value("vix", 20.0, released_s=100, event_s=50))

    assert context(keeper, second=99).vix.values.tolist() == [14.0, 14.0]
    assert context(keeper, second=100).vix.values.tolist() == [20.0, 20.0]


def test_a_revision_of_an_old_period_does_not_replace_the_latest() -> None:
    keeper = a_keeper()
    tell(keeper, a_context_value("vix", 14.0, event_s=50), a_context_value("vix", 99.0, event_s=10))
    assert context(keeper, second=100).vix[0] == 14.0
    tell(keeper, a_context_value("vix", 15.0, event_s=50, vintage="second"), second=101)
    assert context(keeper, second=102).vix[0] == 15.0
    tell(keeper, a_context_value("vix", None, event_s=50, vintage="third"), second=103)
    assert np.isnan(context(keeper, second=104).vix[0])


def test_what_is_written_of_an_asset_concerns_its_instruments_and_grows_old() -> None:
    keeper = a_keeper()
    tell(keeper, a_context_value("rd_sentiment", 0.4, symbol="BTC", event_s=-50))
    tell(keeper, a_context_value("rd_mentions", 12.0, symbol="ETH-EUR", event_s=-10))

    frame = context(keeper, second=10)

    np.testing.assert_array_equal(frame.rd_sentiment.values, [0.4, np.nan])
    np.testing.assert_array_equal(frame.rd_mentions.values, [np.nan, 12.0])
    assert frame.rd_age_s.values.tolist() == [60.0, 20.0]
    assert np.isnan(frame.vix.values).all()


def test_names_and_assets_that_nobody_asked_for_are_counted() -> None:
    keeper = a_keeper()
    tell(
        keeper,
        a_context_value("gdp", 1.0),
        a_context_value("vix", 1.0, symbol="BTC"),
        a_context_value("rd_mentions", 1.0),
    )
    tell(keeper, a_context_value("rd_mentions", 1.0, symbol="DOGE"))

    assert (keeper.state.unknown_name, keeper.state.unknown_symbol) == (3, 1)


figures = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(0, 9)), max_size=12)


@settings(max_examples=50)
@given(figures, st.integers(0, 95))
def test_what_is_known_is_the_latest_release_of_the_latest_period(rows: list[tuple[int, int, int]], now: int) -> None:
    keeper = a_keeper()
    tell(keeper, *(a_context_value("vix", float(v), event_s=event, released_s=out) for event, out, v in rows))

    _, frame = shown(keeper, at_ns=at(now))

    out_by_now = sorted((out, number) for number, (_, out, _) in enumerate(rows) if out <= now)
    latest = max((rows[number][0] for _, number in out_by_now), default=None)
    known = [rows[number][2] for _, number in out_by_now if rows[number][0] == latest]
    if frame is None:
        assert known == []
    else:
        assert frame.vix[0] == known[-1]


def test_a_restored_keeper_goes_on_byte_for_byte() -> None:
    keeper = a_keeper()
    tell(
        keeper,
        a_perp(funding=1e-4, next_funding_ns=at(600), liquidated=2.0),
        a_context_value("vix", 20.0, released_s=50),
    )
    shown(keeper, at_ns=at(1))
    restored = ContextKeeper(ContextKeeperSettings())
    restored.restore(codec.decode_state(ContextKeeperState, codec.encode(keeper.snapshot())))
    for each in (keeper, restored):
        tell(each, a_perp(settled=1e-4, settled_ns=at(600)), second=40)

    for second in (45, 55, 650):
        assert codec.encode(shown(restored, at_ns=at(second))) == codec.encode(shown(keeper, at_ns=at(second)))


def test_a_kept_instrument_takes_its_perpetual_along() -> None:
    keeper = a_keeper()
    tell(keeper, a_perp(symbol="ETH-EUR", open_interest=5.0, liquidated=1.0), a_perp(liquidated=9.0))
    keeper.receive(an_envelope(a_universe_changed("ETH-EUR", "NEW-EUR", version=2)))

    frame = perps(keeper, second=1)

    np.testing.assert_array_equal(frame.open_interest.values, [5.0, np.nan])
    np.testing.assert_array_equal(frame.liquidated.values, [1.0, np.nan])


def gdp(name: str) -> set[tuple[date, date, float]]:
    """Quarter, day of the vintage and value of every figure in a recorded answer."""
    text = gzip.decompress(recording(f"fred/{name}.yaml.gz").read_bytes()).decode()
    found = re.findall(
        r'"realtime_start":"([^"]+)","realtime_end":"[^"]+","date":"([^"]+)","value":"(\d[0-9.]*)"', text
    )
    return {(date.fromisoformat(quarter), date.fromisoformat(day), float(value)) for day, quarter, value in found}


def test_a_revised_figure_of_a_real_series_does_not_appear_before_its_vintage() -> None:
    """American GDP as first released and as it stood on days of 2024 and 2025; every row is handed over years ahead.

    At the midnight after each vintage, and a nanosecond before, what is shown is the latest quarter published by then
    in its latest vintage.
    """
    rows = sorted(gdp("test_get_series_initial_release[pandas]") | gdp("test_get_series[pandas]"), reverse=True)
    rows = [row for row in rows if row[0].year >= 2015]
    quarter = date(2025, 1, 1)
    assert {value for of, _, value in rows if of == quarter} == {29977.632, 29962.047}
    keeper = a_keeper()
    for of, day, value in rows:
        figure = ContextValue(
            name="dgs10",
            value=value,
            event_ns=known_from(of),
            released_ns=known_from(day),
            vintage=day.isoformat(),
        )
        keeper.receive(an_envelope(figure))

    seen = []
    for midnight_ns in sorted({known_from(day) for _, day, _ in rows}):
        for now_ns in (midnight_ns - 1, midnight_ns):
            _, frame = shown(keeper, at_ns=now_ns)
            out = [row for row in rows if known_from(row[1]) <= now_ns]
            assert (frame is None) == (not out)
            if frame is not None:
                assert frame.dgs10[0] == max(out)[2]
                seen.append(frame.dgs10[0])
    assert seen.index(29977.632) < seen.index(29962.047)
