"""`bot lookahead`: whether features, agents or the data themselves know what they cannot know yet."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli.backtest import Data, ProfileName, Sets, Symbols, said, symbols_of
from bot.cli.bar_length import Bar, check_length
from bot.cli.data_options import From, To
from bot.cli.errors import DAMAGED, Fail, command
from bot.cli.options import Json, emit, say, talk
from bot.cli.progress import progress

if TYPE_CHECKING:
    from bot.lookahead.checking import LookAhead
    from bot.profile import Profile

KINDS: Final = frozenset(("trades", "books", "funding", "context"))
SHOWN_MAX: Final = 20
CELLS_MAX: Final = 2_000_000
"""Stamps times instruments of which columns are looked at: what a laptop holds of eight columns."""

Agents = Annotated[
    list[str] | None,
    typer.Option("--agent", metavar="KIND", help="An agent more: module:Class or the path of a .py file; repeatable."),
]
Stamps = Annotated[int, typer.Option("--stamps", min=40, help="Beliefs over so many stamps, from the first.")]
Cuts = Annotated[int, typer.Option("--cuts", min=1, max=20, help="At how many stamps history is cut, and lied from.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Where it is cut, and which lies are told.")]


@command
def lookahead(
    data: Data,
    profile: ProfileName = "backtest",
    agents: Agents = None,
    bar_s: Bar = None,
    from_ns: From = None,
    to_ns: To = None,
    symbols: Symbols = "",
    sets: Sets = None,
    stamps: Stamps = 1200,
    cuts: Cuts = 3,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Look for look-ahead: cut history short, lie about the future, and hold every belief said before against it.

    Exit 10 if a feature, an agent or a column of the data knows too much.

    Examples: `bot lookahead --data data/made`  ·  `bot lookahead --data data/made --agent my_agent.py --json`
    """
    from bot.backtest.opening import opened_dataset, span_of
    from bot.lookahead.checking import Asked, check, lives_of
    from bot.lookahead.lives import Told
    from bot.profile import load

    loaded = _with_agents(load(profile, *said(profile, sets or [], bar_s)), agents or [])
    dataset = opened_dataset(data)
    check_length(data, loaded.bars.bar_s)
    first_ns, last_ns = span_of(dataset, loaded, from_ns, to_ns)
    chosen = symbols_of(symbols)
    width = len(chosen or dataset.symbols)
    told_ns, looked_ns = (
        _end(dataset.bars(loaded.bars.bar_s, first_ns, last_ns, chosen), most, last_ns)
        for most in (stamps, max(stamps, CELLS_MAX // width))
    )
    asked = Asked(cuts, seed, columns_to_ns=looked_ns)
    with progress("living again", lives_of(asked), 1) as advance:
        found = check(loaded, dataset, Told(first_ns, told_ns, KINDS, chosen), asked._replace(seen=advance))
    if json:
        emit({"ok": found.clean, "found": found})
    else:
        for line in lines(found):
            say(line)
    for failure in found.failures:
        talk(f"an actor failed on this history: {failure}")
    if not found.clean:
        count = len(found.faults) + len(found.foresight) + len(found.column_faults)
        told = "1 column knows what it" if count == 1 else f"{count} columns know what they"
        raise Fail(f"{told} cannot know yet in {shlex.quote(str(data))}", DAMAGED)


def lines(found: "LookAhead") -> Iterator[str]:
    """The report for people."""
    yield (
        f"{found.data}: {found.stamps} stamps cut at {', '.join(at[:19] for at in found.cuts)}; {found.beliefs} "
        f"beliefs, {found.values} columns of {found.features} features and {len(found.agents)} agents have values; "
        f"{found.columns} columns of the data"
    )
    told = [
        *(
            f"{each.source}.{each.column} {each.symbol} at {each.at}: {each.known}, but {each.cut} when history "
            f"{each.check} at {each.cut_at}, off by {each.off:.3g}"
            for each in found.faults
        ),
        *(
            f"{each.source}.{each.column} {each.symbol}: rank correlation with the return after it {each.ic:+.2f}, "
            f"with a later one {each.delayed:+.2f}, over {each.pairs} pairs"
            for each in found.foresight
        ),
        *(f"{each.column} {each.symbol}: {each.text}" for each in found.column_faults),
    ]
    yield from (f"  {line}" for line in told[:SHOWN_MAX])
    if len(told) > SHOWN_MAX:
        yield f"  and {len(told) - SHOWN_MAX} more; --json has all"
    if found.too_few:
        yield f"  too few values to tell: {', '.join(found.too_few[:SHOWN_MAX])}"
    yield "nothing knows what it cannot know yet" if not told else "LOOK-AHEAD"


def _with_agents(profile: "Profile", kinds: list[str]) -> "Profile":
    """The profile with agents more, told apart by numbers; each has the horizon of the slate."""
    import msgspec

    from bot.configuration import BadConfiguration
    from bot.settings import AgentProfile

    more = {
        f"own_{number}": AgentProfile(kind=kind, horizon_s=profile.horizon_s, prior=0.05, label_s=profile.bars.bar_s)
        for number, kind in enumerate(kinds, start=1)
    }
    if profile.history is None:
        raise BadConfiguration(f"profile {profile.name!r}", ["has no [history]; extend `backtest`"])
    return msgspec.structs.replace(profile, agents=profile.agents | more)


def _end(blocks: Iterator[object], stamps: int, last_ns: int) -> int:
    """The instant after so many stamps."""
    from contracts.history import BarBlock

    left = stamps
    for block in blocks:
        assert isinstance(block, BarBlock)
        if len(block.close_ns) >= left:
            return int(block.close_ns[left - 1]) + 1
        left -= len(block.close_ns)
    return last_ns
