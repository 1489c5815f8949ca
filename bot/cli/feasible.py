"""`bot feasible`: what this account can trade at this budget, before any order."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import BAD_CONFIGURATION, REFUSED, Fail, command
from bot.cli.evaluate import a_duration
from bot.cli.options import Json, a_path, emit, say

MONEY_MAX: Final = 1e12
"""No account is larger, in any currency."""


@command
def feasible(
    profile: Annotated[str, typer.Option("--profile", help="Whose limits, instruments and fees.")] = "canary",
    equity: Annotated[float, typer.Option("--equity", help="The account, in its currency.")] = 500.0,
    budget: Annotated[
        float | None, typer.Option("--budget", help="What may be at risk; else the profile's share of equity.")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="TIME", parser=a_duration, help="Over which time: 4h, 1d.")
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", parser=a_path, help="Bars to measure, instead of the warm-up's."),
    ] = None,
    smallest: Annotated[
        float | None, typer.Option("--smallest", help="Smallest order of what the profile does not know.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell what can be traded: the smallest order and its tail, the largest position, the smallest stake.

    Exits 6 when not even the smallest order of anything fits, and says from which equity on one does.

    Examples: `bot feasible --equity 500 --budget 5`  ·  `bot feasible --prices btc.csv --smallest 10 --json`
    """
    from bot.evaluation.prices import BadPrices
    from bot.feasibility import Unmeasured, judged

    if budget is not None and budget > equity:
        raise typer.BadParameter(f"--budget was {budget:g}, expected at most --equity {equity:g}")
    for name, value in (("--equity", equity), ("--budget", budget), ("--smallest", smallest)):
        if value is not None and not 0.0 < value <= MONEY_MAX:
            raise typer.BadParameter(f"{name} was {value}, expected a number above 0 and at most {MONEY_MAX:g}")
    try:
        report = judged(profile, equity, budget, horizon, prices, smallest)
    except (Unmeasured, BadPrices) as error:
        raise Fail(str(error), BAD_CONFIGURATION) from error
    if json:
        emit(report)
    else:
        _tell(report)
    if not report["viable"]:
        raise Fail(_remedy(report), REFUSED)


def _tell(report: dict[str, Any]) -> None:
    currency, hours = report["currency"], f"{report['horizon_s'] / 3600:g} h"
    say(
        f"{currency} {report['equity']:g} with {report['budget']:g} at risk over {hours}, "
        f"{report['slow_budget']:g} over {report['slow_horizon_s'] / 3600:g} h ({report['source']})"
    )
    say(f"{'':<12}{'sigma':>9}{'smallest':>11}{'its cvar':>10}{'a day':>9}{'largest':>11}{'stake from':>12}")
    for row in report["instruments"]:
        numbers = (row["smallest"], row["cvar"], row["cvar_slow"], row["largest"], row["stake"])
        if None in numbers:
            say(f"{row['symbol']:<12}{'volatility or price is unknown':>40}")
            continue
        told = f"{row['sigma']:>9.2%}{numbers[0]:>11.2f}{numbers[1]:>10.2f}{numbers[2]:>9.2f}{numbers[3]:>11.2f}"
        say(f"{row['symbol']:<12}{told}{numbers[4]:>12.2f}{'' if row['viable'] else '  not viable'}")
    say(f"{report['viable']} of {len(report['instruments'])} viable, {report['together']} smallest orders at once")


def _remedy(report: dict[str, Any]) -> str:
    stakes = [(row["stake"], row["symbol"]) for row in report["instruments"] if row["stake"] is not None]
    if not stakes:
        return "nothing can be traded: no instrument has both a price and a measured volatility; give --prices"
    stake, symbol = min(stakes)
    share = report["budget"] / report["equity"]
    return (
        f"nothing can be traded with {report['equity']:g} {report['currency']} and {report['budget']:g} at risk: "
        f"the least is {symbol}, from {stake:.2f} at {share:.2%} at risk"
    )
