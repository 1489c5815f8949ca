"""The columns that price features live on, made of every closed bar: elementwise ones, and those with a memory.

Raw: open, high, low, close, volume, trades, each (n_instruments,), NaN = not known. Prepared, one row per closed bar:
`c` log close, `r` log return, `r2` its square, `r_5` and `r_20` those of so many bars, `hi` and `lo` log extremes, `tp`
log typical price, `pv` that price times volume, `hl2` squared log range, `gk` that of Garman and Klass, `v` volume,
`n` trades, `size` their mean volume, `vn` and `nn` volume and trades over what the hour of week usually has, `dv`
volume times close, `ill` |r| / dv, `sv` and `mf` volume and money signed by the move, `lrv` log of the deviation of the
last 15 returns, `mk` the mean return of the market, `m` that of the leader (or mk), and what
`quant.features.averages` and `quant.scale` say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from quant.features.averages import Averages
from quant.features.kernels import dot
from quant.rolling import Floats
from quant.scale import Scale
from quant.season import Season

PRICES = ("open", "high", "low", "close")
RAW = (*PRICES, "volume", "trades")
COLUMNS = (
    "c", "r", "r2", "r_5", "r_20", "hi", "lo", "tp", "pv", "hl2", "gk", "v", "n", "size", "vn", "nn", "dv", "ill", "sv",
    "mf", "lrv", "mk", "m",
    "atr", "up_14", "down_14", "gain_14", "loss_14", "gain_60", "loss_60", "ema_12", "ema_26", "dv_mean", "v_mean",
    "n_mean", "macd",
    "adx", "kama", "day_gap", "har", "seas", "s_ref",
)  # fmt: skip
CARRY_BARS_MAX = 2
"""Rule R4: a price is at most this many bars stale; then the instrument is absent."""
LRV_BARS = 15
LONG_RETURNS = {"r_5": 5, "r_20": 20}
"""Log returns over so many bars."""
WALKED = ("c", "r")
"""Columns of which other columns are made, the longest of WALK_BARS before."""
WALK_BARS = max(*LONG_RETURNS.values(), LRV_BARS)
Times = NDArray[np.int64]
DAY_NS = 86_400_000_000_000
RAW_OF = {
    **dict.fromkeys(("hi", "tp", "hl2", "gk", "atr", "up_14", "adx", "macd", "kama"), "high"),
    **dict.fromkeys(("lo", "down_14"), "low"),
    **dict.fromkeys(("pv", "v", "vn", "dv", "ill", "sv", "mf", "dv_mean", "v_mean", "day_gap"), "volume"),
    **dict.fromkeys(("n", "size", "nn", "n_mean"), "trades"),
}
"""The raw column without which a column is never known; `close` for all others."""
LEVELS = ("close", "c", "hi", "lo", "tp")


def known(row: Floats) -> Floats:
    """Infinite is as good as unknown."""
    return np.where(np.isfinite(row), row, np.nan)


def check_prices(names: Sequence[str], rows: Floats) -> None:
    """Refuse prices (names, instruments) that are neither absent nor positive and finite."""
    wrong = ~(np.isnan(rows) | ((rows > 0.0) & (rows < np.inf)))
    if wrong.any():
        row, at = np.argwhere(wrong)[0].tolist()
        raise ValueError(f"{names[row]} of instrument {at} is {rows[row, at]}, expected a positive finite price or NaN")


class Carried(NamedTuple):
    """One bar after rule R4, and for how many bars each close has not been quoted."""

    rows: dict[str, Floats]
    stale_bars: Floats
    carried: NDArray[np.bool_]


def carry(rows: Mapping[str, Floats], close_before: Floats, stale_bars: Floats) -> Carried:
    """A bar without a close takes the last one (no range, no volume), at most CARRY_BARS_MAX times in a row."""
    absent = np.isnan(rows["close"])
    if not absent.any():
        return Carried(dict(rows), np.zeros_like(stale_bars), absent)
    stale = np.where(absent, stale_bars + 1.0, 0.0)
    carried = absent & (stale <= CARRY_BARS_MAX) & ~np.isnan(close_before)
    fill = {"volume": 0.0, "trades": 0.0}
    said = {name: np.where(carried, fill.get(name, close_before), row) for name, row in rows.items()}
    return Carried(said, stale, carried)


def carry_all(rows: Mapping[str, Floats], close_before: Floats, stale_bars: Floats) -> tuple[Carried, Floats]:
    """`carry` over bars in order, (n_instruments, bars), looked at one by one only where anything is absent.

    `stale_bars` and `carried` are those of the last bar; besides, how many bars of each instrument were carried.
    """
    count = np.zeros_like(stale_bars)
    if not np.isnan(rows["close"]).any():
        return Carried(dict(rows), np.zeros_like(stale_bars), np.zeros(len(count), dtype=np.bool_)), count
    said = {name: row.copy() for name, row in rows.items()}
    bar = Carried({"close": close_before}, stale_bars, np.zeros(len(count), dtype=np.bool_))
    for t in range(rows["close"].shape[1]):
        bar = carry({name: row[:, t] for name, row in said.items()}, bar.rows["close"], bar.stale_bars)
        count += bar.carried
        for name, row in bar.rows.items():
            said[name][:, t] = row
    return Carried(said, bar.stale_bars, bar.carried), count


def stretched(rows: Mapping[str, Floats], before: Mapping[str, Floats]) -> dict[str, Floats]:
    """`elementwise` of bars in order, (n_instruments, bars), after a bar whose LEVELS (n_instruments,) are given."""
    levels = {"close": rows["close"]} | {
        "c": np.log(rows["close"]),
        "hi": np.log(rows["high"]),
        "lo": np.log(rows["low"]),
    }
    levels["tp"] = (levels["hi"] + levels["lo"] + levels["c"]) / 3.0
    return elementwise(
        rows, {name: np.concatenate([before[name][:, None], x[:, :-1]], axis=1) for name, x in levels.items()}
    )


def walked(c: Floats, r: Floats, bars: int) -> dict[str, Floats]:
    """The columns made of WALKED for the last `bars` of them: what came before has to reach back far enough."""
    said = {name: c[:, -bars:] - c[:, -bars - back : -back] for name, back in LONG_RETURNS.items()}
    said["lrv"] = log_deviation(sliding_window_view(r[:, -bars - LRV_BARS + 1 :], LRV_BARS, axis=1))
    return said


def elementwise(rows: Mapping[str, Floats], before: Mapping[str, Floats]) -> dict[str, Floats]:
    """Columns that need this bar and the LEVELS of the one before alone, of any shape."""
    high, low, close, volume, trades = (rows[name] for name in ("high", "low", "close", "volume", "trades"))
    c, hi, lo = np.log(close), np.log(high), np.log(low)
    r, typical = c - before["c"], (high + low + close) / 3.0
    tp, spread, body = (hi + lo + c) / 3.0, hi - lo, c - np.log(rows["open"])
    rise, fall = hi - before["hi"], before["lo"] - lo
    dv = volume * close
    hl2 = spread * spread
    return {
        "c": c, "r": r, "r2": r * r, "hi": hi, "lo": lo, "tp": tp, "pv": np.exp(tp) * volume,
        "hl2": hl2, "v": volume, "n": trades, "size": volume / np.where(trades > 0.0, trades, np.nan), "dv": dv,
        "gk": 0.5 * hl2 - (2.0 * np.log(2.0) - 1.0) * body * body,
        "ill": np.abs(r) / np.where(dv > 0.0, dv, np.nan),
        "sv": np.sign(r) * volume,
        "mf": np.sign(tp - before["tp"]) * typical * volume,
        "tr": np.maximum(hi, before["c"]) - np.minimum(lo, before["c"]),
        "up": np.where(np.isnan(rise), np.nan, np.where((rise > fall) & (rise > 0.0), rise, 0.0)),
        "down": np.where(np.isnan(fall), np.nan, np.where((fall > rise) & (fall > 0.0), fall, 0.0)),
        "gain": np.maximum(r, 0.0), "loss": np.maximum(-r, 0.0), "tp_price": typical,
    }  # fmt: skip


def log_deviation(r: Floats) -> Floats:
    """Log of the root mean square of the last axis, NaN where nothing moved."""
    mean = dot(r, r) / r.shape[-1]
    return np.asarray(0.5 * np.log(np.where(mean > 0.0, mean, np.nan)))


def market(r: Floats, leader: int | None) -> tuple[Floats, Floats]:
    """Mean return of the instruments present (two at least), and the reference: that of the leader where it is known.

    Instruments on the first axis; both have the shape of `r`.
    """
    known = ~np.isnan(r)
    count = known.sum(axis=0)
    mean = np.where(known, r, 0.0).sum(axis=0) / np.where(count > 1, count, np.nan)
    reference = mean if leader is None else np.where(np.isnan(r[leader]), mean, r[leader])
    return np.broadcast_to(mean, r.shape), np.broadcast_to(reference, r.shape)


class Memory:
    """What a bar column needs to remember of all bars before: means, usual volumes, the scale."""

    def __init__(self, width: int, bar_s: float, horizon_bars: int) -> None:
        self.averages = Averages(width)
        self.scale = Scale(width, bar_s, horizon_bars)
        self.seasons = {"v": Season(width, bar_s), "n": Season(width, bar_s)}
        self.columns = {f"averages.{name}": array for name, array in self.averages.columns.items()}
        self.columns |= {f"season.{name}": season.seen for name, season in self.seasons.items()}
        self.columns |= {f"scale.{name}": array for name, array in self.scale.columns.items()}
        self.shared = {f"scale.{name}": array for name, array in self.scale.shared.items()}

    def run(self, close_ns: Times, close_before_ns: int, bars: Mapping[str, Floats]) -> dict[str, Floats]:
        """The columns with a memory, (n_instruments, bars), from the elementwise ones; as if bar by bar."""
        days = (np.append(close_before_ns, close_ns) - 1) // DAY_NS
        said = self.averages.run(bars, days[1:] != days[:-1])
        scaled = self.scale.run(close_ns.tolist(), bars["r"], bars["hi"] - bars["lo"])
        said |= {"har": scaled.har, "seas": scaled.season, "s_ref": scaled.s_ref}
        for name, season in self.seasons.items():
            usual = said[f"{name}_mean"]
            said[f"{name}n"] = bars[name] if season.idle else _relative(season, close_ns, bars[name], usual)
        return said


def _relative(season: Season, close_ns: Times, values: Floats, usual: Floats) -> Floats:
    """Values (n_instruments, bars) over the factor of their hour as it was known before."""
    if np.isnan(values).all():
        return values
    said = np.empty(values.shape)
    looks = values / usual
    for bar, slot in enumerate(map(season.slot, close_ns.tolist())):
        said[:, bar] = values[:, bar] / season.factor(slot)
        season.learn(slot, looks[:, bar])
    return said
