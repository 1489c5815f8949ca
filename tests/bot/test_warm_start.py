"""Warm starts: what a new run begins with, and that it feels what it would have felt had the last one gone on."""

import shutil

import numpy as np
import pytest

from actors.feature_engine import FeatureEngine, FeatureEngineSettings
from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.writer import JournalWriter
from bot.profile import store
from bot.warm_start import CELLS_MAX, Kept, WarmFeed, joined, kept_bars, last_run_before, warmed
from contracts import codec
from contracts.belief import FeatureFrame
from contracts.column import floats, integers
from contracts.market import BarFrame, BarHistory, UniverseChanged
from quant.features.engine import REGISTRY
from tests.kit.command_line import bot
from tests.kit.market import a_book_frame, a_universe, an_envelope, at
from tests.kit.worlds import a_profile

NS = 60 * 10**9
BARS = 2_200
UNIVERSE = a_universe("BTC-EUR", "ETH-EUR")
ENDLESS = (
    "s_ref", "har_pred_h", "ldv_60", "seas_hw", "volz_60", "cntz_60", "amihud_60", "lead_btc_1m", "beta_btc_7d",
    "res_60",
)  # fmt: skip
"""Features that remember longer than a warm-up: seasons by the hour of the week, a beta over a week."""


def the_market() -> dict[str, np.ndarray]:
    """Bars (BARS, 2) of prices, volumes and counts, a minute each from NOON on."""
    chance = np.random.default_rng(4)
    close = 100.0 * np.exp(np.cumsum(1e-3 * chance.normal(size=(BARS, 2)), axis=0))
    opened = close * np.exp(1e-4 * chance.normal(size=(BARS, 2)))
    return {
        "open": opened,
        "high": np.maximum(opened, close) * 1.0005,
        "low": np.minimum(opened, close) * 0.9995,
        "close": close,
        "volume": np.exp(chance.normal(size=(BARS, 2))),
        "trades": np.floor(np.exp(chance.normal(2.0, 1.0, size=(BARS, 2)))),
    }


MARKET = the_market()
ENDS = at(0.0) + np.arange(BARS) * NS


def some_history(first: int, last: int, *, universe: int = 1, columns: tuple[str, ...] = tuple(MARKET)) -> BarHistory:
    told = {name: floats(MARKET[name][first:last]) for name in columns}
    return BarHistory(universe=universe, bar_s=60.0, close_ns=integers(ENDS[first:last]), **told)


def a_bar(number: int) -> BarFrame:
    told = {name: floats(table[number]) for name, table in MARKET.items()}
    return BarFrame(universe=1, bar_s=60.0, close_ns=int(ENDS[number]), tick_seq=integers([0, 0]), **told)


class Feed:
    """A feed that knows the last bars it is asked for, without counts; or none."""

    name, universe = "test", UNIVERSE

    def __init__(self, knows: bool = True) -> None:
        self.knows = knows

    def history(self, bar_s, bars, before_ns):
        last = int(np.searchsorted(ENDS, before_ns))
        columns = ("open", "high", "low", "close", "volume")
        return some_history(max(0, last - bars), last, columns=columns) if self.knows else None


def kept_until(number: int, first: int = 0, why: str = "") -> Kept:
    rows = {int(ENDS[at]): np.stack([table[at] for table in MARKET.values()]) for at in range(first, number)}
    return Kept("canary-000001", UNIVERSE.symbols, 60.0, rows, why)


def an_engine(*told) -> FeatureEngine:
    engine = FeatureEngine(FeatureEngineSettings())
    for message in (UniverseChanged(UNIVERSE), *told):
        engine.receive(an_envelope(message))
    return engine


def felt(engine: FeatureEngine, number: int) -> np.ndarray:
    """All features after one more bar."""
    engine.receive(an_envelope(a_bar(number), at_ns=int(ENDS[number])))
    (frame,) = engine.receive(an_envelope(a_book_frame(), at_ns=int(ENDS[number]) + 10**9))
    assert isinstance(frame, FeatureFrame)
    return frame.values.values


def unlike(one: np.ndarray, other: np.ndarray) -> set[str]:
    """Features of which not every byte is the same."""
    return {name for name, a, b in zip(REGISTRY.names, one, other) if a.tobytes() != b.tobytes()}


def test_a_warm_engine_feels_to_the_byte_what_one_that_never_stopped_does():
    stopped = 2_000
    gone_on = an_engine(some_history(0, stopped - 20), *(a_bar(number) for number in range(stopped - 20, stopped)))
    history = WarmFeed(Feed(), kept_until(stopped)).history(60.0, 300, int(ENDS[stopped]))
    warm = an_engine(history)
    for number in range(stopped, stopped + 3):
        assert unlike(felt(gone_on, number), felt(warm, number)) == set()


def test_what_the_feed_alone_can_tell_is_cold_where_it_counts_trades_or_looks_far_back():
    stopped, gone_on = 2_000, an_engine(some_history(0, 2_000))
    cold = an_engine(Feed().history(60.0, 300, int(ENDS[stopped])))
    assert {"ret_1440", "cntz_60", "rv_1440"} <= unlike(felt(gone_on, stopped), felt(cold, stopped))


@pytest.mark.numbers
def test_once_the_window_has_passed_a_cold_engine_feels_what_a_warm_one_does():
    """After a day of bars all but those that remember longer agree; here a cold one is 1,600 bars old."""
    warm, cold = an_engine(some_history(0, BARS - 1)), an_engine(some_history(600, BARS - 1))
    one, other = felt(warm, BARS - 1), felt(cold, BARS - 1)
    differ = unlike(one, other)
    assert differ <= {*ENDLESS, *(name for name in differ if _nearly(one, other, name))}, differ


def _nearly(one: np.ndarray, other: np.ndarray, name: str) -> bool:
    """Sums that slide, and averages that fade, differ in their last bits by what is long gone."""
    row = REGISTRY.index[name]
    return bool(np.allclose(one[row], other[row], rtol=1e-6, atol=1e-9, equal_nan=True))


def test_a_kept_bar_goes_before_the_feeds_own_and_what_is_not_yet_over_stays_out():
    kept = kept_until(50)
    kept.rows[int(ENDS[40])] = kept.rows[int(ENDS[40])] * 2.0
    found = joined(Feed().history(60.0, 20, int(ENDS[60])), kept, UNIVERSE, int(ENDS[60]))
    assert found.close_ns.values.tolist() == ENDS[:60].tolist()
    assert found.close.values[40].tolist() == (2.0 * MARKET["close"][40]).tolist()
    assert np.isnan(found.trades.values[50:]).all() and np.isfinite(found.trades.values[:50]).all()
    early = joined(None, kept, UNIVERSE, int(ENDS[30]))
    assert early.close_ns.values.tolist() == ENDS[:30].tolist()


def test_without_kept_bars_the_feeds_history_is_its_own():
    own = Feed().history(60.0, 20, int(ENDS[60]))
    assert joined(own, kept_until(0), UNIVERSE, int(ENDS[60])) is own
    assert joined(own, kept_until(90, 60), UNIVERSE, int(ENDS[60])) is own
    assert WarmFeed(Feed(knows=False), kept_until(9)).history(300.0, 20, int(ENDS[60])) is None


def test_instruments_find_their_own_bars_in_another_universe():
    other = a_universe("SOL-EUR", "ETH-EUR", version=2)
    found = joined(None, kept_until(5), other, int(ENDS[60]))
    assert found.universe == 2
    assert np.isnan(found.close.values[:, 0]).all()
    assert found.close.values[:, 1].tolist() == MARKET["close"][:5, 1].tolist()


def test_no_more_is_carried_over_than_one_message_can_hold():
    wide = a_universe(*(f"C{number:04d}-EUR" for number in range(CELLS_MAX // 100)))
    found = joined(None, kept_until(400), wide, int(ENDS[500]))
    assert len(found.close_ns) == 100 and found.close_ns.values[-1] == ENDS[399]


@pytest.fixture
def runs(tmp_path):
    """An account with a run that was told 30 bars, closed 10 more, and heard of another universe."""
    run = tmp_path / "canary" / "canary-000003"
    run.mkdir(parents=True)
    store(a_profile(), run)
    messages = [UniverseChanged(UNIVERSE), some_history(0, 30), *(a_bar(number) for number in range(30, 40))]
    messages.append(UniverseChanged(a_universe("ETH-EUR", "BTC-EUR", version=2)))
    (run / "journal").mkdir()
    journal = JournalWriter(PosixDisk(run / "journal"), threaded=False)
    for number, message in enumerate(messages, 1):
        journal.append(an_envelope(message, seq=number, turn=number), outside=True)
        journal.end_turn()
    journal.close()
    return tmp_path


def test_the_bars_of_a_record_are_those_told_and_those_that_closed(runs):
    kept = kept_bars(runs / "canary" / "canary-000003", 60.0)
    assert (kept.why, kept.symbols, list(kept.rows)) == ("", ("ETH-EUR", "BTC-EUR"), ENDS[:40].tolist())
    assert kept.rows[int(ENDS[35])][3].tolist() == MARKET["close"][35, ::-1].tolist()


def test_the_last_run_of_the_same_account_and_profile_is_meant(runs):
    account = runs / "canary"
    for never_begun in ("canary-000002", "canary-000004"):
        (account / never_begun / "journal").mkdir(parents=True)
    for other in ("canary-000007", "night-000005"):
        shutil.copytree(account / "canary-000003", account / other)
    assert last_run_before(account / "canary-000006", "canary") == account / "canary-000003"
    assert last_run_before(account / "canary-000003", "canary") is None


def test_a_record_that_cannot_be_used_is_no_reason_not_to_start(runs):
    run, later = runs / "canary" / "canary-000003", runs / "canary" / "canary-000004"
    feed = Feed()
    assert "expected 300 s" in kept_bars(run, 300.0).why
    segment = next((run / "journal").glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    found, line = warmed(feed, a_profile(), later)
    assert found is feed and line.startswith("warm start: nothing from canary-000003: ")
    assert warmed(feed, a_profile(), run)[1] == "warm start: the account has no run before this one"


@pytest.mark.numbers
def test_a_second_run_begins_with_the_bars_of_the_first_and_replays(tmp_path):
    first = bot("run", "--speed", "max", "--for", "130s", "--runs", tmp_path, "--json")
    assert first.code == 0 and "warm_start" not in first.json
    start_ns = str(a_profile().simulated.start_ns + 180 * 10**9)
    later = {"BOT__SIMULATED__START_NS": start_ns, "BOT__FEED__WARMUP_BARS": "20", "BOT__WARM_START": "journal"}
    second = bot("run", "--speed", "max", "--for", "5s", "--runs", tmp_path, "--json", **later)
    assert second.code == 0 and second.json["warm_start"].startswith("warm start: 302 bars from canary-000001")
    run = tmp_path / "canary" / second.json["run"]
    (told,) = (record for record in records(PosixDisk(run / "journal")) if record.type == "BarHistory")
    history = codec.decode("BarHistory", told.payload)
    assert len(history.close_ns) == 303 and np.isfinite(history.trades.values[-3:-1]).all()
    assert bot("replay", run, "--json").json["byte_identical"]
