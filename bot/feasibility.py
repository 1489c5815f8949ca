"""What a profile's account can trade: its instruments, limits and bars put before `quant.feasibility`."""

from pathlib import Path
from typing import Any

import numpy as np

from adapters.simulated.market import Market
from bot.evaluation import data
from bot.evaluation.prices import Prices
from bot.profile import Profile, load
from contracts.instrument import Instrument
from contracts.quantities import BPS
from quant.feasibility import Account, Feasible, Terms, feasible
from runtime.seeds import Seeds


class Unmeasured(ValueError):
    """There is nothing to measure volatility by, or no smallest order to hold against it."""


def judged(
    name: str, equity: float, budget: float | None, horizon_s: float | None, file: Path | None, smallest: float | None
) -> dict[str, Any]:
    """The report; raises Unmeasured, BadPrices, and BadConfiguration for the profile."""
    profile = load(name)
    prices, source = (data.read([file]), str(file)) if file is not None else _warm_up(profile)
    limits = profile.limits
    account = Account(
        equity=equity,
        budget=budget if budget is not None else limits.cvar_budget_ratio * equity,
        horizon_s=horizon_s if horizon_s is not None else limits.risk_horizon_s_min,
        slow_horizon_s=limits.slow_horizon_s,
        slow_multiple=limits.slow_budget_multiple,
        sigmas_min=limits.budget_sigmas_min,
        share_max=limits.share_max,
        reserve=float(limits.cash_reserve),
        alpha=limits.cvar_alpha,
    )
    rng = Seeds(profile.seed).generator("feasible")
    found = feasible(
        prices.close[-limits.bars_kept :], prices.bar_s, _terms(profile, prices, smallest), account, rng,
        limits.scenarios,
    )  # fmt: skip
    return {
        "profile": profile.name,
        "currency": profile.account.currency,
        "source": source,
        **account._asdict(),
        "slow_budget": account.slow_multiple * account.budget,
        "viable": int(found.viable.sum()),
        "together": found.together,
        "instruments": _rows(prices.symbols, found),
    }


def _warm_up(profile: Profile) -> tuple[Prices, str]:
    """The bars that a run of the profile would begin with."""
    if profile.world != "simulated":
        raise Unmeasured(f"profile {profile.name!r} has no bars before it is connected; give a file with --prices FILE")
    market, bar_s = Market(profile.simulated.market), profile.feed.bar_s
    bars = market.bars(profile.simulated.start_ns, bar_s, profile.feed.warmup_bars)
    closed = Prices.of_closes(market.universe.symbols, bars.close_ns.values, bar_s, bars.close.values)
    return closed, f"{len(closed)} bars of warm-up"


def _terms(profile: Profile, prices: Prices, smallest: float | None) -> Terms:
    known: dict[str, Instrument] = {}
    if profile.world == "simulated":
        known = {each.symbol: each for each in Market(profile.simulated.market).universe.instruments}
    strangers = [symbol for symbol in prices.symbols if symbol not in known]
    if strangers and smallest is None:
        raise Unmeasured(f"profile {profile.name!r} does not know {', '.join(strangers)}; give --smallest NOTIONAL")
    last = prices.close[-1]
    instruments = [known.get(symbol) for symbol in prices.symbols]
    rates = {profile.account.currency: 1.0} | {name: float(rate) for name, rate in profile.feed.fx.items()}
    of = [rates.get(each.quote, np.nan) if each is not None else 1.0 for each in instruments]
    ticks = [float(each.tick) if each is not None else 0.0 for each in instruments]
    fees = [each.fee_taker_bps * BPS if each is not None else 0.0 for each in instruments]
    return Terms(
        price=last * np.array(of),
        lot=np.array([float(each.lot) if each is not None else 1e-8 for each in instruments]),
        notional_min=np.array(
            [
                float(each.notional_min) * rate if each is not None else float(smallest or 0.0)
                for each, rate in zip(instruments, of, strict=True)
            ]
        ),
        closing=np.array(fees) + 0.5 * np.array(ticks) / last,
        foreign=np.array([each is not None and each.quote != profile.account.currency for each in instruments]),
    )


def _rows(symbols: tuple[str, ...], found: Feasible) -> list[dict[str, Any]]:
    columns = {
        "sigma": found.sigma,
        "smallest": found.smallest,
        "cvar": found.cvar,
        "cvar_slow": found.slow,
        "largest": found.largest,
        "stake": found.stake,
    }
    return [
        {"symbol": symbol, "viable": bool(found.viable[place])}
        | {name: float(column[place]) if np.isfinite(column[place]) else None for name, column in columns.items()}
        for place, symbol in enumerate(symbols)
    ]
