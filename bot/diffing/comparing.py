"""A run held against another policy: which decisions change, why, and where the two first part."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from bot.diffing.decisions import Gathering, Taken
from bot.diffing.stages import Cause, differing, first_cause, short
from bot.diffing.twins import Pair, Turn
from bot.logging import utc
from contracts.decision import Intent, Refusal
from contracts.envelope import Envelope
from contracts.life import ActorFailed
from contracts.market import UniverseChanged
from runtime.replay import first_difference

KINDS: Final = ("picks", "orders", "sizes", "refusals")


class Step(msgspec.Struct, frozen=True):
    """One message of a chain of causes."""

    seq: int
    type: str
    source: str


class Parting(msgspec.Struct, frozen=True, kw_only=True):
    """The first message in which the two lives differ, and the chain from it back to what came from outside."""

    at: str
    seq: int
    turn: int
    type: str
    source: str
    field: str
    was: str
    now: str
    chain: tuple[Step, ...]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that changed: in `picks` (who, which side, in which order), `orders`, `sizes` or `refusals`.

    Each of the three is (on record, by the other policy), as lines. `weights` is how far the weight of an agent moved
    at most, NaN where the agents are not the same. `cause` is the first stage upstream that differs.
    """

    decision: int
    at: str
    seq: int
    kinds: tuple[str, ...]
    picks: tuple[tuple[str, ...], tuple[str, ...]]
    orders: tuple[tuple[str, ...], tuple[str, ...]]
    refusals: tuple[tuple[str, ...], tuple[str, ...]]
    weights: float
    cause: Cause


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all decisions: `equal` in everything, `moved` in numbers alone, the rest `changed`.

    `causes` counts changed decisions by the stage where they first differ, `by_kind` by what changed. `failures` are
    crashes of actors under the other policy beyond those on record. `rungs` counts decisions by the rung of the blend's
    ladder, on record and under the other policy: a model says nothing before the ladder has climbed to it.
    """

    decisions: int
    equal: int
    moved: int
    changed: tuple[Changed, ...]
    by_kind: dict[str, int]
    causes: dict[str, int]
    parting: Parting | None
    failures: tuple[str, ...]
    rungs: dict[str, tuple[int, int]] = {}


Seen = Callable[[Taken, Taken], None]


def compare(
    pairs: Iterable[Pair], seen: Seen = lambda was, now: None, heard: Callable[[Pair], None] = lambda pair: None
) -> Comparison:
    """Go through both lives; `seen` is told of every decision in both, `heard` of every turn."""
    found = _Found()
    for pair in pairs:
        found.take(pair, seen)
        heard(pair)
    return found.comparison()


class _Found:
    """What has been found so far."""

    def __init__(self) -> None:
        self._first, self._second = Gathering(), Gathering()
        self._symbols: tuple[str, ...] = ()
        self._parting: Parting | None = None
        self._count: Counter[str] = Counter()
        self._changed: list[Changed] = []
        self._failures: list[str] = []
        self._rungs: dict[str, list[int]] = {}

    def take(self, pair: Pair, seen: Seen) -> None:
        outside = pair.was[0].payload
        if isinstance(outside, UniverseChanged):
            self._symbols = outside.universe.symbols
        if self._parting is None and pair.now:
            self._parting = parting(pair)
        self._failures += _new_failures(pair)
        was, now = self._first.hear(pair.was), self._second.hear(pair.now)
        if was is None and now is None:
            return
        if was is None or now is None:
            self._failures.append(f"turn {pair.was[0].turn}: only one of the two lives came to a decision")
            return
        seen(was, now)
        self._judge(was, now)

    def _judge(self, was: Taken, now: Taken) -> None:
        self._count["decisions"] += 1
        for life, taken in enumerate((was, now)):
            if taken.slate is not None:
                self._rungs.setdefault(taken.slate.rung, [0, 0])[life] += 1
        if _alike(was, now):
            self._count["equal"] += 1
            return
        kinds = kinds_of(was, now)
        if not kinds:
            self._count["moved"] += 1
            return
        cause = first_cause(was, now, self._symbols)
        assert cause is not None, "what changed differs somewhere"
        self._changed.append(
            Changed(
                decision=was.decision,
                at=utc(was.at_ns),
                seq=was.seq,
                kinds=kinds,
                picks=(was.picks, now.picks),
                orders=(_orders(was), _orders(now)),
                refusals=(_refusals(was), _refusals(now)),
                weights=_weights_off(was, now),
                cause=cause,
            )
        )

    def comparison(self) -> Comparison:
        count = self._count
        return Comparison(
            decisions=count["decisions"],
            equal=count["equal"],
            moved=count["moved"],
            changed=tuple(self._changed),
            by_kind={kind: sum(kind in each.kinds for each in self._changed) for kind in KINDS},
            causes=dict(Counter(each.cause.stage for each in self._changed).most_common()),
            parting=self._parting,
            failures=tuple(self._failures),
            rungs={rung: (was, now) for rung, (was, now) in self._rungs.items()},
        )


def parting(pair: Pair) -> Parting | None:
    """The first difference within a turn of both lives, numbers of other messages included up to there."""
    for number in range(max(len(pair.was), len(pair.now))):
        was = pair.was[number] if number < len(pair.was) else None
        now = pair.now[number] if number < len(pair.now) else None
        if was is None or now is None or type(was.payload) is not type(now.payload) or was.source != now.source:
            return _parted(pair, was, now, "presence", _named(was), _named(now))
        if fields := differing(was.payload, now.payload):
            before, after = getattr(was.payload, fields[0]), getattr(now.payload, fields[0])
            path, old, new = first_difference(before, after, 0.0, fields[0]) or (fields[0], before, after)
            return _parted(pair, was, now, path, short(old), short(new))
    return None


def _parted(
    pair: Pair, was: Envelope[Any] | None, now: Envelope[Any] | None, field: str, old: str, new: str
) -> Parting:
    envelope = now if now is not None else was
    assert envelope is not None, "one of the two was said"
    return Parting(
        at=utc(envelope.at_ns),
        seq=envelope.seq,
        turn=envelope.turn,
        type=type(envelope.payload).__name__,
        source=envelope.source,
        field=field,
        was=old,
        now=new,
        chain=tuple(_chain(pair.now if now is not None else pair.was, envelope)),
    )


def _chain(turn: Turn, envelope: Envelope[Any]) -> Iterator[Step]:
    said = {each.seq: each for each in turn}
    while envelope.cause in said:
        envelope = said[envelope.cause]
        yield Step(envelope.seq, type(envelope.payload).__name__, envelope.source)


def _named(envelope: Envelope[Any] | None) -> str:
    return "not said" if envelope is None else f"{type(envelope.payload).__name__} from {envelope.source}"


def _alike(was: Taken, now: Taken) -> bool:
    """Equal in everything that was selected, let through and refused."""
    said = [(*each.known["selection"].values(), *each.known["gate"].values()) for each in (was, now)]
    return len(said[0]) == len(said[1]) and all(
        type(a) is type(b) and not differing(a, b) for a, b in zip(*said, strict=True)
    )


def kinds_of(was: Taken, now: Taken) -> tuple[str, ...]:
    """In what two decisions differ that somebody would notice."""
    before, after = ([(each.symbol, each.side, each.reduce_only) for each in one.intents] for one in (was, now))
    sizes = [{(each.symbol, each.side): each.quantity for each in one.intents} for one in (was, now)]
    differs = {
        "picks": was.picks != now.picks,
        "orders": sorted(before) != sorted(after),
        "sizes": sorted(before) == sorted(after) and sizes[0] != sizes[1],
        "refusals": _refusals(was) != _refusals(now),
    }
    return tuple(kind for kind in KINDS if differs[kind])


def _orders(taken: Taken) -> tuple[str, ...]:
    return tuple(_order(each) for each in taken.intents)


def _order(intent: Intent) -> str:
    return f"{intent.side} {intent.quantity} {intent.symbol}{' reduce-only' if intent.reduce_only else ''}"


def _refusals(taken: Taken) -> tuple[str, ...]:
    return tuple(f"{each.side} {each.symbol}: {_controls(each)}" for each in taken.refusals)


def _controls(refusal: Refusal) -> str:
    return " ".join(dict.fromkeys(reason.control for reason in refusal.reasons))


def _weights_off(was: Taken, now: Taken) -> float:
    if was.slate is None or now.slate is None or was.slate.agents != now.slate.agents:
        return float("nan")
    off = abs(was.slate.weights.values - now.slate.weights.values)
    return float(off[off == off].max(initial=0.0))


def _new_failures(pair: Pair) -> list[str]:
    was = [each.payload.actor for each in pair.was if isinstance(each.payload, ActorFailed)]
    return [
        f"{each.payload.actor}: {each.payload.error}"
        for each in pair.now
        if isinstance(each.payload, ActorFailed) and each.payload.actor not in was
    ]
