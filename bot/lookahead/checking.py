"""The whole check of a profile on a data set: shorter histories, false futures, forecasts too good, and the columns.

Lives on shorter histories come first and the whole one last, so that an agent that keeps something from one life to
the next, in its class or its module, says something else in the last one.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from bot.logging import utc
from bot.lookahead.columns import ColumnFault, check_columns
from bot.lookahead.comparing import Fault, faults
from bot.lookahead.cutting import LIES, CutDataset, PoisonedDataset
from bot.lookahead.lives import Life, Said, Told, live
from bot.profile import Profile
from contracts.belief import FeatureFrame, SignalFrame
from contracts.decision import TargetFrame
from contracts.history import Dataset, DatasetUnusable
from contracts.quantities import Nanos
from quant.features.engine import REGISTRY
from quant.leakage import after, leak
from quant.rolling import Floats

STAMPS_MIN: Final = 40
LIED_STAMPS: Final = 3
"""How far a false future is told: what looks further ahead than its neighbours looks at these too."""

LAGS: Final = (1, 12)
STRATEGY: Final = "strategy"


class Foresight(msgspec.Struct, frozen=True):
    """A column of beliefs that goes with what came after it, and not with what came later: no honest one does."""

    source: str
    column: str
    symbol: str
    ic: float
    delayed: float
    pairs: int


class LookAhead(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what it was looked for in.

    `values` counts the columns of beliefs (features and agents) that ever had a value; `failures` are actors that
    failed on true history.
    """

    data: str
    stamps: int
    cuts: tuple[str, ...]
    beliefs: int
    agents: tuple[str, ...]
    features: int
    values: int
    columns: int
    too_few: tuple[str, ...]
    faults: tuple[Fault, ...]
    foresight: tuple[Foresight, ...]
    column_faults: tuple[ColumnFault, ...]
    failures: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing knows too much."""
        return not (self.faults or self.foresight or self.column_faults)


class Asked(NamedTuple):
    """How hard to look: so many cuts, at stamps drawn by the seed; `seen` hears of each life that is over.

    The columns of the data are looked at up to `columns_to_ns`, beliefs as far as the actors are told.
    """

    cuts: int
    seed: int
    columns_to_ns: Nanos = 0
    seen: Callable[[int], None] = lambda lives: None


def lives_of(asked: Asked) -> int:
    """How many lives a check takes."""
    return 2 * asked.cuts + 1


def check(profile: Profile, dataset: Dataset, told: Told, asked: Asked) -> LookAhead:
    """Look for look-ahead; raises DatasetUnusable for a history too short to be cut."""
    stamps = _stamps(profile, dataset, told)
    symbols = dataset.universe(told.symbols).symbols
    chance = np.random.default_rng(asked.seed)
    places = np.sort(chance.choice(np.arange(len(stamps) // 4, len(stamps) - 1), asked.cuts, replace=False))
    parts: list[tuple[str, Nanos, Life]] = []
    for place in places.tolist():
        cut_ns = stamps[place]
        parts.append(("ended", cut_ns, live(profile, CutDataset(dataset, cut_ns), told)))
        asked.seen(1)
    for number, place in enumerate(places.tolist()):
        cut_ns, lie = stamps[place], LIES[number % len(LIES)]
        until_ns = stamps[min(place + LIED_STAMPS, len(stamps) - 1)] + 1
        false = PoisonedDataset(dataset, cut_ns, until_ns, lie, asked.seed)
        parts.append((f"lied: {lie}", cut_ns, live(profile, false, told)))
        asked.seen(1)
    whole = live(profile, dataset, told)
    asked.seen(1)
    found = [fault for name, cut_ns, part in parts for fault in faults(whole.said, part.said, cut_ns, name, symbols)]
    further = told._replace(to_ns=max(told.to_ns, asked.columns_to_ns))
    columns = check_columns(dataset, profile.bars.bar_s, further)
    beliefs = _beliefs(whole.said, stamps, len(symbols))
    return LookAhead(
        data=dataset.name,
        stamps=len(stamps),
        cuts=tuple(utc(stamps[place]) for place in places.tolist()),
        beliefs=len(whole.said),
        agents=tuple(profile.agents) if profile.strategy is None else (),
        features=len(REGISTRY),
        values=len(beliefs),
        columns=columns.looked_at,
        too_few=columns.too_few,
        faults=tuple(_first(found)),
        foresight=tuple(_foresight(beliefs, _closes(profile, dataset, told), symbols)),
        column_faults=tuple(columns.faults),
        failures=tuple(dict.fromkeys(whole.failed)),
    )


def _first(found: Sequence[Fault]) -> list[Fault]:
    """The earliest of each column of each source."""
    kept: dict[tuple[str, str], Fault] = {}
    for fault in sorted(found, key=lambda each: each.at):
        kept.setdefault((fault.source, fault.column), fault)
    return list(kept.values())


def _stamps(profile: Profile, dataset: Dataset, told: Told) -> list[Nanos]:
    blocks = dataset.bars(profile.bars.bar_s, told.from_ns, told.to_ns, told.symbols)
    stamps = [int(at_ns) for block in blocks for at_ns in block.close_ns.tolist()]
    if len(stamps) < STAMPS_MIN:
        raise DatasetUnusable(
            f"data set {dataset.name} has {len(stamps)} stamps of bars in the range, expected at least {STAMPS_MIN} "
            "to be cut"
        )
    return stamps


def _closes(profile: Profile, dataset: Dataset, told: Told) -> Floats:
    blocks = dataset.bars(profile.bars.bar_s, told.from_ns, told.to_ns, told.symbols)
    return np.concatenate([block.close for block in blocks])


def _beliefs(said: Sequence[Said], stamps: Sequence[Nanos], width: int) -> dict[tuple[str, str], Floats]:
    """Features, agents' mu and a strategy's targets as (stamps, instruments), those that ever have a value."""
    rows = {at_ns: row for row, at_ns in enumerate(stamps)}
    features = np.full((len(REGISTRY), len(stamps), width), np.nan)
    signals: dict[str, Floats] = {}
    for each in said:
        row = rows.get(each.at_ns)
        if row is None:
            continue
        if isinstance(each.payload, FeatureFrame):
            features[:, row] = each.payload.values.values
        elif isinstance(each.payload, SignalFrame):
            agent = signals.setdefault(each.source, np.full((len(stamps), width), np.nan))
            agent[row] = each.payload.mu.values
        elif isinstance(each.payload, TargetFrame):
            targets = signals.setdefault(each.source, np.full((len(stamps), width), np.nan))
            targets[row] = each.payload.position.values
    found = {("feature_engine", name): features[row] for row, name in enumerate(REGISTRY.names)}
    found |= {(name, "position" if name == STRATEGY else "mu"): values for name, values in signals.items()}
    return {key: values for key, values in found.items() if np.isfinite(values).any()}


def _foresight(beliefs: dict[tuple[str, str], Floats], close: Floats, symbols: tuple[str, ...]) -> list[Foresight]:
    """Of each column of beliefs the instrument and the horizon at which it knows most, if no honest one could."""
    came = {lag: after(close, lag) for lag in LAGS}
    found = []
    for (source, column), values in beliefs.items():
        looks = [
            (leak(values[:, place], came[lag][:, place], lag=lag), symbols[place])
            for lag in LAGS
            for place in range(len(symbols))
        ]
        best, symbol = max(looks, key=lambda each: (each[0].alarm, abs(each[0].ic)))
        if best.alarm:
            found.append(Foresight(source, column, symbol, best.ic, best.delayed, best.pairs))
    return found
