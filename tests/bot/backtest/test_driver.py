"""The driver: what is told when, and which beats pass between."""

from pathlib import Path

from bot.backtest import driver
from bot.backtest.running import BacktestOptions, run_backtest
from contracts import codec
from contracts.decision import DecisionLog
from contracts.history import Dated
from contracts.instrument import Universe
from contracts.life import Beat, RunStarted
from contracts.market import BarFrame, FxMark, Perp, Tick
from contracts.trade import Order, VenueSnapshot
from tests.kit.funding import a_settled
from tests.kit.history_data import MemoryDataset, a_walk
from tests.kit.journals import read_run
from tests.kit.market import a_tick, an_instrument, at
from tests.kit.worlds import a_profile


def told(directory: Path, data: MemoryDataset, *, profile, **options):
    result = run_backtest(
        profile, data, BacktestOptions(directory, **({"from_ns": 0, "to_ns": 2**62} | options)), lambda at_ns: None
    )
    return read_run(Path(result.summary["journal"]).parent)


def of(envelopes, kind):
    return [each for each in envelopes if isinstance(each.payload, kind)]


def test_between_bars_no_second_is_beaten_while_nothing_is_under_way(tmp_path):
    profile = a_profile("backtest", cadence__decide_s=300, feed__warmup_bars=0)
    envelopes = told(tmp_path, a_walk(times=4), profile=profile)
    beats = [(each.at_ns, each.payload.kind) for each in of(envelopes, Beat)]
    stamps = [at(300), at(600), at(900), at(1200)]
    assert beats == [
        (stamp, kind)
        for stamp in stamps
        for kind in ("signal", "decide", "second")
        if (stamp, kind) != (at(1200), "decide")
    ]


def test_in_ticks_the_beats_are_those_of_a_live_metronome_and_bars_are_built(tmp_path):
    data = a_walk(width=1, times=2, bar_s=60.0)
    symbol = data.symbols[0]
    data.dated = [
        Dated(at(second), a_tick(symbol=symbol, bid=9_990 + second % 7, ask=10_010 + second % 7))
        for second in range(0, 130, 3)
    ]
    profile = a_profile("canary", cadence__decide_s=15, feed__warmup_bars=0, history=FILLS)
    envelopes = told(tmp_path, data, profile=profile, kinds=frozenset({"quotes"}))
    assert len(of(envelopes, Tick)) == len(data.dated)
    seconds = [each.at_ns for each in of(envelopes, Beat) if each.payload.kind == "second"]
    assert seconds[-1] - seconds[0] == (len(seconds) - 1) * 10**9
    decided = [each.at_ns for each in of(envelopes, Beat) if each.payload.kind == "decide"]
    assert decided == [at(15 * number) for number in range(1, 9)]
    assert len(of(envelopes, DecisionLog)) == len(decided)
    assert [each.payload.close_ns for each in of(envelopes, BarFrame)] == [at(60), at(120)]


def test_what_is_said_of_perpetuals_is_told_to_the_bot_only_where_that_was_asked_for(tmp_path):
    data = a_walk(width=1, times=2, bar_s=60.0)
    symbol = data.symbols[0]
    quotes = [Dated(at(second), a_tick(symbol=symbol)) for second in range(0, 30, 3)]
    data.dated = [*quotes[:5], Dated(at(13), a_settled(0.001, 13, symbol=symbol)), *quotes[5:]]
    profile = a_profile("canary", cadence__decide_s=15, feed__warmup_bars=0, history=FILLS)
    for kinds, times in ((frozenset({"quotes"}), []), (frozenset({"quotes", "funding"}), [at(13)])):
        envelopes = told(tmp_path, data, profile=profile, kinds=kinds)
        assert [each.at_ns for each in of(envelopes, Perp)] == times
        assert [each.at_ns for each in of(envelopes, Tick)] == [row.at_ns for row in quotes]


def test_rates_are_said_again_and_the_books_are_proved_every_day(tmp_path):
    hourly = {f"{section}__bar_s": 3600.0 for section in ("feed", "bars", "features", "regime", "risk")}
    profile = a_profile("backtest", cadence__decide_s=86_400, feed__warmup_bars=0, features__horizon_bars=1, **hourly)
    walk = a_walk(width=1, times=2 * 24 + 2, bar_s=3600.0)
    walk.instruments = Universe(1, (an_instrument(symbol="I000-USD"),))
    envelopes = told(tmp_path, walk, profile=profile)
    assert len(of(envelopes, VenueSnapshot)) == 3
    rates = [each.payload.currency for each in of(envelopes, FxMark)]
    assert rates == ["USD"] * (2 * 24 + 3), "a rate that nothing is quoted in is not said"


FILLS = {"half_spread_bps": 1.0, "impact_bps": 0.0, "participation_max": 0.1, "path": "open"}


TURNER = """
from actors.strategies.base import Strategy


class Turner(Strategy):
    def on_tick(self, quote, memory):
        return float(quote.bid > 99.995)
"""


def test_quotes_told_in_runs_say_what_quotes_told_one_by_one_say(tmp_path, monkeypatch):
    (tmp_path / "turner.py").write_text(TURNER)
    data = a_walk(width=1, times=42, bar_s=60.0)
    symbol, start_s = data.symbols[0], 60 * 40
    data.dated = [
        Dated(at(start_s + number / 8), a_tick(symbol=symbol, bid=bid, ask=bid + 2, bid_lots=9_000, ask_lots=9_000))
        for number, bid in ((number, 9_999 + number // 20 % 2) for number in range(80))
    ]
    profile = a_profile(
        "canary", strategy__name=str(tmp_path / "turner.py"), cadence__decide_s=30, feed__warmup_bars=40,
        history=FILLS, risk__reference_ratio_max=0.5, risk__limit_through_bps=5,
    )  # fmt: skip
    said = []
    for ahead in (1, driver.AHEAD):
        monkeypatch.setattr(driver, "AHEAD", ahead)
        envelopes = told(tmp_path / str(ahead), data, profile=profile, from_ns=at(start_s), kinds=frozenset({"quotes"}))
        assert len(of(envelopes, Order)) >= 2
        said.append([codec.encode(each) for each in envelopes if not isinstance(each.payload, RunStarted)])
    assert said[0] == said[1]
