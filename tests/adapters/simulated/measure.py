"""What the simulated market's documentation states, measured: `python -m tests.adapters.simulated.measure [DAYS]`."""

import sys

import numpy as np

from adapters.simulated.market import Market
from adapters.simulated.paths import BLOCK_S, BLOCKS_PER_DAY, DAY_M
from adapters.simulated.settings import MarketSettings

FIRST_DAY = 20_000
SEEDS = (1, 2, 3)
SAMPLE_S = 30


def correlation(one, other):
    """Mean over instruments of the correlation of two arrays of shape (times, instruments)."""
    rows = min(len(one), len(other))
    pairs = zip(one[:rows].T, other[:rows].T, strict=True)
    return float(np.mean([np.corrcoef(left, right)[0, 1] for left, right in pairs]))


def flow_imbalance(bid, ask, bid_lots, ask_lots, steps):
    """Order-flow imbalance of Cont, Kukanov and Stoikov over the last `steps` half seconds, over the mean depth."""
    up = np.where(bid[1:] >= bid[:-1], bid_lots[1:], 0) - np.where(bid[1:] <= bid[:-1], bid_lots[:-1], 0)
    down = np.where(ask[1:] <= ask[:-1], ask_lots[1:], 0) - np.where(ask[1:] >= ask[:-1], ask_lots[:-1], 0)
    summed, depth = np.cumsum(up - down, axis=0), np.cumsum((bid_lots + ask_lots) / 2, axis=0)
    total = np.full(bid.shape, np.nan)
    total[steps + 1 :] = (summed[steps:] - summed[:-steps]) / ((depth[steps + 1 :] - depth[1:-steps]) / steps)
    return total


def trailing(values, steps):
    """Sum of the last `steps` rows."""
    summed = np.cumsum(values, axis=0, dtype=np.float64)
    return np.vstack([np.full((steps, values.shape[1]), np.nan), summed[steps:] - summed[:-steps]])


def measure(seed, days):
    """Figures of one seed over some days."""
    market = Market(MarketSettings(seed=seed))
    numbers = range(FIRST_DAY * BLOCKS_PER_DAY, (FIRST_DAY + days) * BLOCKS_PER_DAY)
    quotes = [market._quote(number) for number in numbers]
    bid, ask = (np.concatenate([getattr(each, side) for each in quotes]) for side in ("bid", "ask"))
    lots = [np.concatenate([getattr(each, side)[:, :, 0] for each in quotes]) for side in ("bid_lots", "ask_lots")]
    best_bid, best_ask = (each.reshape(-1, bid.shape[1]).astype(float) for each in lots)
    signed = np.concatenate([(each.buys * 2 - 1) * each.lots for each in quotes])
    traded = np.concatenate([each.lots for each in quotes])
    flow = np.concatenate([market._paths.block(number).flow for number in numbers])
    mid = np.log((bid + ask) / 2)
    seen = {
        "the flow itself": flow,
        "order-flow imbalance, 10 s": flow_imbalance(
            np.repeat(bid, 2, 0), np.repeat(ask, 2, 0), best_bid, best_ask, 20
        )[1::2],
        "imbalance of the best queues": ((best_bid - best_ask) / (best_bid + best_ask))[1::2],
        "signed trades, 60 s": trailing(signed, 60) / trailing(traded, 60),
        "return of the last 15 min": np.vstack([np.full((900, mid.shape[1]), np.nan), mid[900:] - mid[:-900]]),
        "return of the last 60 min": np.vstack([np.full((3_600, mid.shape[1]), np.nan), mid[3_600:] - mid[:-3_600]]),
    }
    inside = slice(3_700, len(mid) - 900, SAMPLE_S)
    ahead = (mid[900:] - mid[:-900])[3_700::SAMPLE_S]
    found = {what: correlation(values[inside], ahead) for what, values in seen.items()}
    minutes = np.diff(np.concatenate([market._paths.day(FIRST_DAY + day).level[:-1] for day in range(days)]), axis=0)
    found |= {
        "half spread, bps": float(np.median((ask - bid) / (ask + bid)) * 1e4),
        "deviation of 15 min, bps": float(ahead.std(axis=0).mean() * 1e4),
        "deviation of a day, per cent": float(minutes.std(axis=0).mean() * np.sqrt(DAY_M) * 100),
        "kurtosis of a minute": float(((minutes / minutes.std(axis=0)) ** 4).mean()),
        "correlation of instruments": float(np.corrcoef(minutes.T)[np.triu_indices(10, 1)].mean()),
        "strongest flow, 1 % quantile": float(np.quantile(np.abs(flow).max(axis=1), 0.01)),
    }
    return found


def main():
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    figures = [measure(seed, days) for seed in SEEDS]
    print(f"{days} days from day {FIRST_DAY}, seeds {SEEDS}, blocks of {BLOCK_S} s; correlations with the next 15 min")
    for what in figures[0]:
        values = [each[what] for each in figures]
        print(f"{what:32s} {np.mean(values):8.3f}   {min(values):8.3f} to {max(values):8.3f}")


if __name__ == "__main__":
    main()
