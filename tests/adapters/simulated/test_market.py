"""The market's statistics are measured on fixed seeds, so a figure here moves only when the market does."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from adapters.simulated.chance import Stream, generator, relaxing
from adapters.simulated.instruments import LISTINGS
from adapters.simulated.market import LEVELS, STEP_NS, Market
from adapters.simulated.paths import BLOCK_S, BLOCKS_PER_DAY, DAY_M, HOUR_PROFILE, Paths
from adapters.simulated.settings import MarketSettings
from contracts.quantities import SECOND_NS
from tests.kit.venues import START_NS

DAY = 20_000
DAYS = range(DAY, DAY + 16)
SEEDS = (1, 2, 3)

PRINT_DIGEST = """
import hashlib
from adapters.simulated.market import Market
from adapters.simulated.settings import MarketSettings
market = Market(MarketSettings(seed=5))
step = {step}
digest = hashlib.sha256()
for column in range(10):
    for array in market.ladder(column, step):
        digest.update(array.tobytes())
digest.update(market.bars({at_ns}, 60.0, 90).close.to_bytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def days():
    """Minute returns in units of the day's deviation, flow and deviations of many days of several seeds."""
    return [Paths(MarketSettings(seed=seed)).day(day) for seed in SEEDS for day in DAYS]


@pytest.fixture(scope="module")
def minute_returns(days):
    return np.concatenate([np.diff(day.level, axis=0) for day in days])


def forward_ic(days, minutes):
    """Correlation of the planted flow with what follows, in units of the minute's deviation."""
    flow = np.concatenate([day.flow[:-minutes] for day in days])
    ahead = np.concatenate(
        [(day.level[minutes:] - day.level[:-minutes]) / np.mean(day.deviation, axis=0) for day in days]
    )
    return np.mean([np.corrcoef(flow[:, column], ahead[:, column])[0, 1] for column in range(flow.shape[1])])


def test_two_processes_see_the_same_market():
    code = PRINT_DIGEST.format(step=START_NS // STEP_NS, at_ns=START_NS)
    run = [sys.executable, "-c", code]
    outputs = [subprocess.run(run, capture_output=True, check=True, timeout=60).stdout for _ in range(2)]
    assert outputs[0] == outputs[1] != b""


def test_the_order_of_asking_does_not_matter():
    forth, back = Market(MarketSettings(seed=5)), Market(MarketSettings(seed=5))
    steps = range(START_NS // STEP_NS, START_NS // STEP_NS + 12_000, 1_497)
    seen = [forth.ladder(1, step) for step in steps]
    seen_back = [back.ladder(1, step) for step in reversed(steps)]
    for one, other in zip(seen, reversed(seen_back), strict=True):
        assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))


def test_another_seed_is_another_market():
    ladders = [Market(MarketSettings(seed=seed)).ladder(0, START_NS // STEP_NS) for seed in (1, 2)]
    assert not np.array_equal(ladders[0].bid_ticks, ladders[1].bid_ticks)


def test_days_and_minutes_join_without_a_seam():
    paths = Paths(MarketSettings(seed=5))
    today, tomorrow = paths.day(DAY), paths.day(DAY + 1)
    assert np.allclose(today.level[-1], tomorrow.level[0], rtol=0, atol=1e-12)
    assert np.allclose(today.flow[-1], tomorrow.flow[0], rtol=0, atol=1e-8)
    levels = np.concatenate([paths.block(DAY * BLOCKS_PER_DAY + number).level for number in range(6)])
    assert np.allclose(levels[::60], today.level[:60], rtol=0, atol=1e-12)


def test_history_is_the_past_of_the_live_quotes():
    market = Market(MarketSettings(seed=5))
    history = market.bars(START_NS, 60.0, 5)
    assert history.close_ns.values[-1] == START_NS
    for column, instrument in enumerate(market.universe.instruments):
        mids = []
        for second in range(60):
            ladder = market.ladder(column, (START_NS - (60 - second) * SECOND_NS) // STEP_NS)
            mids.append((ladder.bid_ticks[0] + ladder.ask_ticks[0]) / 2 * float(instrument.tick))
        live = np.array([mids[0], max(mids), min(mids), mids[-1]])
        bar = np.array([each.values[-1, column] for each in (history.open, history.high, history.low, history.close)])
        assert np.allclose(bar, live, rtol=2e-4)
        assert bar[2] <= min(bar[0], bar[3])
        assert max(bar[0], bar[3]) <= bar[1]


def test_longer_bars_are_made_of_shorter_ones():
    market = Market(MarketSettings(seed=5))
    short, long = market.bars(START_NS, 60.0, 30), market.bars(START_NS, 300.0, 6)
    assert np.array_equal(short.close.values[4::5], long.close.values)
    assert np.array_equal(short.open.values[::5], long.open.values)
    assert np.allclose(short.volume.values.reshape(6, 5, -1).sum(axis=1), long.volume.values)


def test_books_are_never_crossed_and_deep_enough():
    market = Market(MarketSettings(seed=5))
    for step in range(START_NS // STEP_NS, START_NS // STEP_NS + 4_000, 37):
        for column in range(10):
            ladder = market.ladder(column, step)
            assert ladder.bid_ticks[0] < ladder.ask_ticks[0]
            assert (np.diff(ladder.bid_ticks) < 0).all()
            assert (np.diff(ladder.ask_ticks) > 0).all()
            assert min(ladder.bid_lots.min(), ladder.ask_lots.min()) >= 1
            assert len(ladder.bid_ticks) == LEVELS


def test_trades_happen_at_the_quote_and_their_ids_have_no_hole():
    market = Market(MarketSettings(seed=5))
    trades = [market.trade(1, step) for step in range(START_NS // STEP_NS, START_NS // STEP_NS + 200)]
    told = [trade for trade in trades if trade is not None]
    assert np.array_equal(np.diff([trade.trade_id for trade in told]), np.ones(len(told) - 1))
    for offset, trade in enumerate(trades):
        if trade is not None:
            ladder = market.ladder(1, START_NS // STEP_NS + offset)
            assert trade.price == (ladder.ask_ticks[0] if trade.buy else ladder.bid_ticks[0])


def test_a_day_has_the_listed_volatility_within_a_tenth(minute_returns):
    listed = np.array([listing.volatility for listing in LISTINGS])
    assert np.abs(minute_returns.std(axis=0) * np.sqrt(DAY_M) / listed - 1).max() < 0.10


def test_minute_returns_have_heavy_tails(minute_returns):
    standard = minute_returns / minute_returns.std(axis=0)
    assert ((standard**4).mean(axis=0) > 6).all()


def test_instruments_move_together(minute_returns):
    between = np.corrcoef(minute_returns.T)[np.triu_indices(10, 1)]
    assert 0.40 < between.min() < between.max() < 0.80


def test_the_hour_of_the_day_shows_in_volatility(days):
    hourly = np.array([day.deviation.reshape(24, 60, -1).mean(axis=(1, 2)) for day in days]).mean(axis=0)
    assert np.corrcoef(hourly, HOUR_PROFILE)[0, 1] > 0.95
    assert 1.6 < hourly.max() / hourly.min() < 2.3


def test_longer_returns_vary_as_a_random_walk_with_a_little_trend(minute_returns):
    for width, least, most in ((15, 0.95, 1.10), (240, 1.00, 1.35)):
        longer = minute_returns.reshape(-1, width, 10).sum(axis=1)
        ratio = longer.var(axis=0).mean() / width / minute_returns.var(axis=0).mean()
        assert least < ratio < most


def test_gaps_strike_as_often_as_set():
    calm = Paths(MarketSettings(seed=5, gaps_per_day=0.0)).day(DAY)
    assert not calm.jump.any()
    struck = np.mean([(Paths(MarketSettings(seed=seed)).day(DAY).jump != 0).sum(axis=0).mean() for seed in range(10)])
    assert 1.3 < struck < 2.7


def test_spreads_widen_with_volatility():
    market = Market(MarketSettings(seed=5))
    widths, heats = [], []
    for number in range(DAY * BLOCKS_PER_DAY, (DAY + 1) * BLOCKS_PER_DAY, 3):
        ladder_widths = []
        for second in range(0, BLOCK_S, 100):
            ladder = market.ladder(0, 2 * (number * BLOCK_S + second))
            ladder_widths.append((ladder.ask_ticks[0] - ladder.bid_ticks[0]) / ladder.bid_ticks[0])
        widths.append(np.mean(ladder_widths))
        heats.append(market._paths.block(number).heat[0, 0])
    assert np.corrcoef(widths, heats)[0, 1] > 0.7


def test_the_planted_signal_has_its_stated_strength(days):
    assert 0.17 < forward_ic(days, 15) < 0.25


def test_without_a_plant_nothing_is_predicted():
    days = [Paths(MarketSettings(seed=seed, drift_per_sigma=0.0)).day(day) for seed in SEEDS for day in DAYS]
    assert abs(forward_ic(days, 15)) < 0.02


def test_some_flow_is_strong_nearly_always(days):
    strongest = np.concatenate([np.abs(day.flow).max(axis=1) for day in days])
    assert np.quantile(strongest, 0.01) > 1.1
    flow = np.concatenate([day.flow for day in days])
    assert abs(flow.mean()) < 0.03
    assert abs(flow.var() - 1) < 0.05


def order_flow_imbalance(market, column, first, steps):
    """Cont, Kukanov and Stoikov's sum over the best quotes of consecutive steps, divided by the mean depth."""
    ladders = [market.ladder(column, first + step) for step in range(steps + 1)]
    total = depth = 0.0
    for old, new in pairwise(ladders):
        bid, bid_before = new.bid_ticks[0], old.bid_ticks[0]
        ask, ask_before = new.ask_ticks[0], old.ask_ticks[0]
        total += (bid >= bid_before) * new.bid_lots[0] - (bid <= bid_before) * old.bid_lots[0]
        total -= (ask <= ask_before) * new.ask_lots[0] - (ask >= ask_before) * old.ask_lots[0]
        depth += (new.bid_lots[0] + new.ask_lots[0]) / 2 / steps
    return total / depth


def test_order_flow_shows_the_plant_with_noise():
    market = Market(MarketSettings(seed=5))
    seen, hidden = [], []
    for minute in range(0, 360, 4):
        first = START_NS // STEP_NS + 120 * minute
        for column in (0, 4, 8):
            seen.append(order_flow_imbalance(market, column, first, 20))
            hidden.append(market.flow(first + 20)[column])
    assert 0.55 < np.corrcoef(seen, hidden)[0, 1] < 0.85


@pytest.mark.parametrize(("bar_s", "bars"), [(0.5, 3), (60.0, 0), (1.5, 3)])
def test_bars_that_cannot_be_made_are_refused(bar_s, bars):
    with pytest.raises(ValueError, match="expected at least one of whole seconds"):
        Market(MarketSettings(seed=1)).bars(START_NS, bar_s, bars)


def test_an_unlisted_symbol_is_refused_with_what_is_listed():
    with pytest.raises(ValueError, match="does not list BTC-USD; it lists BTC-EUR"):
        Market(MarketSettings(seed=1, symbols=("BTC-USD",)))


def test_relaxing_noise_keeps_its_variance_and_memory():
    noise = relaxing(generator(1, Stream.PHASE, 1).standard_normal((20_000, 4)), 50.0)[1_000:]
    assert abs(noise.var() - 1) < 0.15
    assert abs(np.mean(noise[50:] * noise[:-50]) - np.exp(-1)) < 0.1
