"""The context keeper says at each signal beat what is known of perpetuals and of the world beyond the market.

Rules: a predicted funding rate counts as received, until its settlement; then the settled one, until the next (R3). A
figure is known from its release on and not a moment earlier, whenever it came in; of several the latest period counts,
of one period the latest release, so a revision changes what is known now and nothing that was known (R6). What people
write counts from when it was fetched (R7). Names and instruments nobody asked for are counted and left out.
"""

from bisect import insort
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.alignment import moved, moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import Column, floats, integers
from contracts.context import ContextFrame, ContextValue
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import Perp, PerpFrame, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos

MACRO: Final = ("dgs10", "t10y2y", "vix", "hy_oas", "dxy")
WRITTEN: Final = ("rd_mentions", "rd_sentiment", "rd_disagree")
HOUR_NS: Final = 3_600 * SECOND_NS
NAN: Final = float("nan")


class ContextKeeperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How old the last word on a perpetual may be before nothing is known of it.

    Raises:
        ValueError: an age that is not positive.
    """

    perp_age_s_max: Seconds = 900.0

    def __post_init__(self) -> None:
        more_than_zero("context keeper", perp_age_s_max=self.perp_age_s_max)


class Known(msgspec.Struct, frozen=True, order=True):
    """One figure by its release; NaN was taken back. `name` and `symbol` as in `ContextValue`."""

    released_ns: Nanos
    seq: int
    event_ns: Nanos
    name: str
    symbol: str
    value: float


class Forced(msgspec.Struct, frozen=True):
    """One forced order, positive where it bought."""

    at_ns: Nanos
    column: int
    quantity: float


class PerpRows(msgspec.Struct):
    """Per column the last said of each; NaN, or 0 for times, where nothing was."""

    funding: list[float] = []
    settled: list[float] = []
    mark: list[float] = []
    index: list[float] = []
    open_interest: list[float] = []
    next_funding_ns: list[Nanos] = []
    said_ns: list[Nanos] = []
    seq: list[int] = []


class ContextKeeperState(msgspec.Struct, kw_only=True):
    """What is known, by name and symbol; what is not released yet, in that order; and what was left out."""

    universe: Universe | None = None
    perps: PerpRows = msgspec.field(default_factory=PerpRows)
    forced: list[Forced] = []
    known: dict[str, Known] = {}
    unreleased: list[Known] = []
    context_seq: int = 0
    unknown_symbol: int = 0
    unknown_name: int = 0
    invalid: int = 0


class ContextKeeper(StatefulActor[ContextKeeperState]):
    """Rows of perpetuals and context values in, their cross-sections out; nothing where nothing was ever said."""

    role = "context_keeper"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, Perp, ContextValue, Beat)
    kept = ContextKeeperState
    beats = ("signal",)

    def __init__(self, settings: ContextKeeperSettings) -> None:
        self._perp_age_ns = nanos(settings.perp_age_s_max)
        self.start(ContextKeeperState())

    def derive(self) -> None:
        instruments = self.state.universe.instruments if self.state.universe else ()
        self._columns = dict(self.state.universe.positions) if self.state.universe else {}
        self._about: dict[str, list[int]] = {}
        for column, each in enumerate(instruments):
            for name in dict.fromkeys((each.symbol, each.base)):
                self._about.setdefault(name, []).append(column)

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Perp:
            self._on_perp(said, envelope.at_ns, envelope.seq)
        elif type(said) is ContextValue:
            self._on_value(said, envelope.seq)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        elif isinstance(said, Beat) and said.kind == "signal" and self.state.universe is not None:
            return self._frames(self.state.universe, envelope.at_ns)
        return NOTHING

    def _on_perp(self, perp: Perp, at_ns: Nanos, seq: int) -> None:
        column, rows = self._columns.get(perp.symbol), self.state.perps
        if column is None:
            self.state.unknown_symbol += 1
            return
        for name, least in (
            ("funding", -1.0),
            ("settled", -1.0),
            ("mark", 0.0),
            ("index", 0.0),
            ("open_interest", 0.0),
        ):
            value = getattr(perp, name)
            if value is not None and least < value < np.inf:
                getattr(rows, name)[column] = value
            else:
                self.state.invalid += value is not None
        if perp.next_funding_ns is not None:
            rows.next_funding_ns[column] = perp.next_funding_ns
        if perp.liquidated is not None:
            self.state.forced.append(Forced(at_ns, column, perp.liquidated))
        rows.said_ns[column], rows.seq[column] = at_ns, seq

    def _on_value(self, said: ContextValue, seq: int) -> None:
        if said.name not in (WRITTEN if said.symbol else MACRO):
            self.state.unknown_name += 1
        elif said.symbol and said.symbol not in self._about:
            self.state.unknown_symbol += 1
        else:
            value = NAN if said.value is None else said.value
            known = Known(said.released_ns, seq, said.event_ns, said.name, said.symbol, value)
            insort(self.state.unreleased, known)

    def _release(self, at_ns: Nanos) -> None:
        """Take in what is released by now; of one name the latest period holds, of one period the latest release."""
        state = self.state
        due = [each for each in state.unreleased if each.released_ns <= at_ns]
        state.unreleased = state.unreleased[len(due) :]
        for each in due:
            key = f"{each.name}/{each.symbol}"
            before = state.known.get(key)
            if before is None or each.event_ns >= before.event_ns:
                state.known[key] = each
            state.context_seq = each.seq

    def _frames(self, universe: Universe, at_ns: Nanos) -> tuple[msgspec.Struct, ...]:
        self._release(at_ns)
        perps = (self._perp_frame(universe, at_ns),) if any(self.state.perps.said_ns) else NOTHING
        context = (self._context_frame(universe, at_ns),) if self.state.known else NOTHING
        return *perps, *context

    def _perp_frame(self, universe: Universe, at_ns: Nanos) -> PerpFrame:
        rows, state = self.state.perps, self.state
        state.forced = [each for each in state.forced if each.at_ns > at_ns - HOUR_NS]
        liquidated = np.zeros(len(universe))
        for each in state.forced:
            liquidated[each.column] += each.quantity
        next_ns, said_ns = np.array(rows.next_funding_ns), np.array(rows.said_ns)
        fresh = (said_ns > 0) & (said_ns > at_ns - self._perp_age_ns)
        settled = (next_ns > 0) & (next_ns <= at_ns)
        funding = np.where(settled, rows.settled, rows.funding)
        next_s = np.where((next_ns > 0) & ~settled, (next_ns - at_ns) / SECOND_NS, np.nan)
        basis_bps = 1e4 * (np.array(rows.mark) / np.array(rows.index) - 1.0)
        columns = {
            "funding": funding,
            "next_funding_s": next_s,
            "basis_bps": basis_bps,
            "open_interest": np.array(rows.open_interest),
            "liquidated": liquidated,
        }
        said = {name: floats(np.where(fresh, column, np.nan)) for name, column in columns.items()}
        return PerpFrame(universe=universe.version, **said, perp_seq=integers(rows.seq))

    def _context_frame(self, universe: Universe, at_ns: Nanos) -> ContextFrame:
        table = {name: np.full(len(universe), np.nan) for name in (*MACRO, *WRITTEN, "rd_age_s")}
        for each in self.state.known.values():
            if not each.symbol:
                table[each.name][:] = each.value
            elif each.symbol in self._about:
                at = self._about[each.symbol]
                table[each.name][at] = each.value
                table["rd_age_s"][at] = np.fmin(table["rd_age_s"][at], (at_ns - each.event_ns) / SECOND_NS)
        columns: dict[str, Column] = {name: floats(column) for name, column in table.items()}
        return ContextFrame(universe=universe.version, **columns, context_seq=self.state.context_seq)

    def _on_universe(self, universe: Universe) -> None:
        state, rows = self.state, self.state.perps
        to = moves(state.universe, universe)
        empty = {"next_funding_ns": 0, "said_ns": 0, "seq": 0}
        for name in rows.__struct_fields__:
            setattr(rows, name, moved(getattr(rows, name), to, empty.get(name, NAN)))
        places = {before: column for column, before in enumerate(to.tolist()) if before >= 0}
        kept = (each for each in state.forced if each.column in places)
        state.forced = [Forced(each.at_ns, places[each.column], each.quantity) for each in kept]
        state.universe = universe
        self.derive()

    def check(self) -> None:
        rows = self.state.perps
        widths = {len(getattr(rows, name)) for name in rows.__struct_fields__}
        assert widths == {len(self._columns)}, "perp columns differ in width"
        assert self.state.unreleased == sorted(self.state.unreleased), "figures wait out of the order of their release"
