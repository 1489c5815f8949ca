"""The lines in which a comparison of two policies is told."""

from collections.abc import Iterator
from typing import Final

from bot.diffing.comparing import Changed, Comparison, Parting
from bot.diffing.policy import Change
from bot.diffing.running import DiffReport
from bot.diffing.stages import short
from bot.diffing.worth import Figure, Worth

CHANGES_SHOWN: Final = 12
NAMES: Final = ("on record", "instead")


def lines(report: DiffReport, rows: int | None) -> Iterator[str]:
    """The whole report, of changed decisions at most so many rows."""
    found = report.comparison
    yield f"{report.run} under {_name(report)}: {found.decisions} decisions"
    yield from _policy(report)
    yield f"  equal    {found.equal:>6}"
    yield f"  moved    {found.moved:>6}  other numbers, the same picks, orders and refusals"
    yield f"  changed  {len(found.changed):>6}  {_counts(found.by_kind)}"
    if found.causes:
        yield f"  first differs in: {_counts(found.causes)}"
    if report.model:
        rungs = ", ".join(f"{rung} {was} -> {now}" for rung, (was, now) in found.rungs.items())
        yield f"  decisions by rung of the blend: {rungs}"
    if found.parting is not None:
        yield from _parting(found.parting)
    yield from _rows(found, rows)
    yield from _worth(report.worth)
    for failure in found.failures:
        yield f"  failed under the other policy: {failure}"


def _name(report: DiffReport) -> str:
    if report.model:
        return f"model {report.model[:12]}"
    return f"profile {report.policy}" if report.policy != report.own else "its own profile with other values"


def _policy(report: DiffReport) -> Iterator[str]:
    if report.ahead:
        yield "  the model has learned from data after the beginning of the run: it may know what came"
    told = [each for each in report.changes if each.effect]
    yield from (f"  {_change(each)}" for each in told[:CHANGES_SHOWN])
    if len(told) > CHANGES_SHOWN:
        yield f"  and {len(told) - CHANGES_SHOWN} more values"
    idle = [each.key for each in report.changes if not each.effect and each.key != "name"]
    if idle:
        yield f"  without effect, because outside and account are as recorded: {', '.join(idle[:CHANGES_SHOWN])}"


def _change(change: Change) -> str:
    return f"{change.key} {short(change.was)} -> {short(change.now)}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _parting(found: Parting) -> Iterator[str]:
    yield f"the two part at {found.at}, seq {found.seq} (turn {found.turn}): {found.type} from {found.source}"
    yield f"  {found.field}: {found.was} -> {found.now}"
    for step in found.chain:
        yield f"  because of seq {step.seq} {step.type} from {step.source}"


def _worth(worth: Worth) -> Iterator[str]:
    """What the choices of slates are worth; what cannot be told is told as that."""
    if not worth.judged:
        yield "what the choices are worth cannot be told: no horizon of a slate ended within the record"
        return
    yield (
        f"what the choices are worth: bp per pick net of cost, {worth.judged} slates whose horizon is over, 95 % "
        f"intervals from blocks of {worth.block}, seed {worth.seed}"
    )
    yield f"  on record            {_judged(worth.recorded)}"
    yield f"  instead, by market   {_judged(worth.market)}  if neither slate moves the market"
    yield f"  difference           {_judged(worth.gain)}"
    yield (
        f"  by propensities: in {worth.chance} the recorded policy could have chosen otherwise, in {worth.supported} "
        f"the other chooses only what it could have; support {worth.support:.1%}"
    )
    if not worth.estimates:
        yield "  no choice of the other policy has support: propensities say nothing of it"
    elif not worth.chance:
        yield "  nothing was given to chance: where both choose the same, propensities can only say that it is the same"
    for name, figure in worth.estimates.items():
        yield f"  {name:<20} {_judged(figure)}  worth {figure.rows:.1f} rows"


def _judged(found: Figure) -> str:
    """Without bounds there are too few horizons, one after the other, to say how surely."""
    bounds = (
        f"[{found.low:+.3f}, {found.high:+.3f}]" if found.low == found.low else "(too few horizons for an interval)"
    )
    return f"{found.value:>+8.3f}  {bounds}"


def _rows(found: Comparison, rows: int | None) -> Iterator[str]:
    shown = found.changed if rows is None else found.changed[:rows]
    for each in shown:
        what = f"{', '.join(each.kinds)}; {each.cause.stage}: {each.cause.text}"
        yield f"decision {each.decision} {each.at[11:19]}  {what}"
        yield from _sides(each)
    if len(shown) < len(found.changed):
        yield f"{len(found.changed) - len(shown)} more changed decisions; --all shows them, --json has them"


def _sides(each: Changed) -> Iterator[str]:
    for what, (was, now) in (("picks", each.picks), ("orders", each.orders), ("refused", each.refusals)):
        if was != now:
            for name, said in zip(NAMES, (was, now), strict=True):
                yield f"    {what:<8} {name:<10} {', '.join(said) or 'none'}"
