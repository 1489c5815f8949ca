"""Warm starts: a new run begins with the bars that the account's last run has on record, beside those of its feed.

They enter where history always does, as one outside message before the first beat, so a replay finds them in the run's
own journal. A bar of the record takes the place of the feed's of the same time: it is what this house itself made of
the ticks, with the number of trades, and what an engine that was never stopped would have in its windows.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from adapters.journal.reader import records
from adapters.journal.scan import JournalDamaged
from bot.configuration import BadConfiguration
from bot.profile import Profile, stored
from bot.replaying import JournalEmpty, journal_of
from bot.runs import RUN_NAME, RunsUnusable, begun
from contracts import codec
from contracts.column import Column, floats, integers
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, UniverseChanged
from contracts.ports import Feed, Parser
from contracts.quantities import Nanos, Seconds, nanos
from contracts.upgrades import UnreadableVersion
from contracts.wire import RawFrame

COLUMNS: Final = ("open", "high", "low", "close", "volume", "trades")
CELLS_MAX: Final = 1 << 18
"""Bars times instruments that are carried over at most, the newest: one message of a dozen megabytes."""

Rows = dict[Nanos, np.ndarray]
"""Bars (6, instruments) by the end of each."""


class Kept(msgspec.Struct, frozen=True):
    """The bars of a run's record over one universe, oldest first; `why` says why there are none."""

    run: str
    symbols: tuple[str, ...] = ()
    bar_s: Seconds = 0.0
    rows: Rows = {}
    why: str = ""


def last_run_before(run: Path, profile: str) -> Path | None:
    """The newest run of the same account and profile that was begun before this one."""
    found = [
        path
        for path in run.parent.glob(f"{profile}-*")
        if RUN_NAME.fullmatch(path.name) and path.name.rpartition("-")[0] == profile and path.name < run.name
        if begun(path)
    ]
    return max(found, key=lambda path: path.name, default=None)


def kept_bars(run: Path, bar_s: Seconds) -> Kept:
    """What the record of a run has of bars; never raises for a record that cannot be read, but says so."""
    try:
        if stored(run).bars.bar_s != bar_s:
            return Kept(run.name, why=f"its bars are of {stored(run).bars.bar_s:g} s, expected {bar_s:g} s")
        return _collected(run, bar_s)
    except (BadConfiguration, JournalEmpty, JournalDamaged, RunsUnusable, UnreadableVersion, OSError) as error:
        return Kept(run.name, why=str(error))


def _collected(run: Path, bar_s: Seconds) -> Kept:
    wanted = {kind.__name__ for kind in (UniverseChanged, BarHistory, BarFrame)}
    symbols: tuple[str, ...] = ()
    rows: Rows = {}
    for record in records(journal_of(run)):
        if record.type not in wanted or not record.kept:
            continue
        said: Any = codec.decode(record.type, record.payload)
        if isinstance(said, UniverseChanged):
            rows, symbols = _moved(rows, symbols, said.universe.symbols), said.universe.symbols
        elif isinstance(said, BarHistory):
            rows |= _rows_of(said)
        else:
            rows[said.close_ns] = np.stack([getattr(said, name).values for name in COLUMNS])
        while len(rows) * max(1, len(symbols)) > 2 * CELLS_MAX:
            rows = dict(list(rows.items())[len(rows) // 2 :])
    return Kept(run.name, symbols, bar_s, rows, "" if rows else "its record has no bars")


def _rows_of(history: BarHistory) -> Rows:
    width = history.close.values.shape[1]
    absent = np.full((len(history.close_ns), width), np.nan)
    tables = [_table(getattr(history, name), absent) for name in COLUMNS]
    return {end: np.stack([table[row] for table in tables]) for row, end in enumerate(history.close_ns.values.tolist())}


def _table(column: Column | None, absent: np.ndarray) -> np.ndarray:
    return absent if column is None or not len(column) else column.values


def _moved(rows: Rows, before: tuple[str, ...], after: tuple[str, ...]) -> Rows:
    """The same bars over another universe: an instrument that is new has none."""
    if before == after or not rows:
        return rows
    place = {symbol: column for column, symbol in enumerate(before)}
    columns = [place.get(symbol, len(before)) for symbol in after]
    return {end: np.pad(row, ((0, 0), (0, 1)), constant_values=np.nan)[:, columns] for end, row in rows.items()}


def joined(own: BarHistory | None, kept: Kept, universe: Universe, before_ns: Nanos) -> BarHistory | None:
    """The feed's own history with the kept bars in it, oldest first, all from before a time; a kept bar goes first."""
    carried = {end: row for end, row in _moved(kept.rows, kept.symbols, universe.symbols).items() if end < before_ns}
    if not carried:
        return own
    rows = ({} if own is None else _rows_of(own)) | carried
    ends = sorted(rows)[-max(1, CELLS_MAX // max(1, len(universe))) :]
    table = np.stack([rows[end] for end in ends], axis=1)
    columns = {name: floats(table[at]) for at, name in enumerate(COLUMNS)}
    return BarHistory(universe=universe.version, bar_s=kept.bar_s, close_ns=integers(ends), **columns)


class WarmFeed:
    """A feed whose history has the kept bars in it; everything else is its own."""

    def __init__(self, feed: Feed, kept: Kept) -> None:
        self.name = feed.name
        self._feed, self._kept = feed, kept

    @property
    def universe(self) -> Universe:
        """The instruments of the feed."""
        return self._feed.universe

    def history(self, bar_s: Seconds, bars: int, before_ns: Nanos) -> BarHistory | None:
        """Closed bars from before a time: the feed's own, as many as asked for, and all that were kept."""
        own = self._feed.history(bar_s, bars, before_ns)
        return joined(own, self._kept, self.universe, before_ns) if bar_s == self._kept.bar_s else own

    def parser(self, epoch: int) -> Parser:
        """A fresh parser of the feed."""
        return self._feed.parser(epoch)

    def connect(self, epoch: int) -> AbstractAsyncContextManager[AsyncIterator[RawFrame]]:
        """A connection of the feed."""
        return self._feed.connect(epoch)


def warmed(feed: Feed, profile: Profile, run: Path) -> tuple[Feed, str]:
    """The feed, warm where the account has a record to warm it with, and one line about it."""
    before = last_run_before(run, profile.name)
    if before is None:
        return feed, "warm start: the account has no run before this one"
    kept = kept_bars(before, profile.bars.bar_s)
    if kept.why:
        return feed, f"warm start: nothing from {kept.run}: {kept.why}"
    span_s = (max(kept.rows) - min(kept.rows)) / nanos(1.0)
    return WarmFeed(feed, kept), f"warm start: {len(kept.rows)} bars from {kept.run}, over {span_s / 3600:.1f} h"
