"""What was found in rows, told with file, row and column; and rows without what nobody can trust."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from adapters.catalog.manifest import Repair
from quant.checking import GAP, OUT_OF_ORDER, PRICES, STUCK, Finding

EXAMPLES: Final = 3
STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing found in one instrument of one file: how often, and the first times."""

    file: str
    symbol: str
    level: str
    what: str
    column: str
    count: int
    places: int
    examples: tuple[str, ...]

    def line(self) -> str:
        """For people."""
        column = f", column {self.column!r}" if self.column else ""
        more = f", and {self.places - len(self.examples)} more" if self.places > len(self.examples) else ""
        return f"{self.level}: {self.file}: {self.symbol}{column}: {self.what}: {'; '.join(self.examples)}{more}"


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The bars of one instrument in one file; `rows` are the numbers of the rows in it, None for those of a part."""

    file: str
    symbol: str
    close_ns: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[np.float64]]
    names: dict[str, str]
    rows: npt.NDArray[np.int64] | None


def told(bars: Rows, findings: Sequence[Finding]) -> list[Told]:
    """The findings in these rows, in words."""
    return [
        Told(
            file=bars.file,
            symbol=bars.symbol,
            level=finding.level,
            what=finding.what,
            column=bars.names.get(finding.column, finding.column),
            count=finding.count,
            places=len(finding.places),
            examples=tuple(
                _example(bars, finding, place, size)
                for place, size in zip(finding.places[:EXAMPLES].tolist(), finding.sizes[:EXAMPLES].tolist())
            ),
        )
        for finding in findings
    ]


def lines(findings: Sequence[Told]) -> list[str]:
    """The findings for people; what is the same in several instruments at the same times is said once."""
    alike: dict[tuple[str, str, str, tuple[str, ...]], list[Told]] = {}
    for each in findings:
        moments = tuple(STAMP.findall(" ".join(each.examples)))
        alike.setdefault((each.level, each.what, each.column, moments), []).append(each)
    said = []
    for group in alike.values():
        first = group[0]
        among = f" ({len(group)} instruments: {', '.join(each.symbol for each in group[:10])})" if group[1:] else ""
        said.append(first.line() + among)
    return said


def _example(bars: Rows, finding: Finding, place: int, size: int) -> str:
    where = f"row {bars.rows[place]}, " if bars.rows is not None else ""
    if finding.what == GAP:
        earlier = bars.close_ns[bars.close_ns < bars.close_ns[place]].max()
        minutes = int(bars.close_ns[place] - earlier) / 60e9
        return (
            f"{where}{minutes:g} min between {when(int(earlier))} and {when(int(bars.close_ns[place]))}, {size} missing"
        )
    text = f"{where}{when(int(bars.close_ns[place]))}"
    if finding.what == STUCK:
        return f"{text} and {size - 1} more at {bars.columns['close'][place]:g}"
    if finding.column in PRICES:
        return text + " " + " ".join(f"{n} {bars.columns[n][place]:g}" for n in PRICES if n in bars.columns)
    if finding.column in bars.columns:
        return f"{text} {bars.columns[finding.column][place]:g}"
    return text


def when(at_ns: int) -> str:
    """An instant for people, in UTC."""
    whole = at_ns % 1_000_000_000 == 0
    return str(np.datetime_as_string(np.datetime64(at_ns, "ns"), unit="s" if whole else "ns")) + "Z"


def repairs_of(found: Sequence[Told]) -> tuple[Repair, ...]:
    """What is done about errors: rows are left out or sorted, none is made up."""
    return tuple(
        Repair(
            source=each.file,
            name=each.symbol,
            what=f"{'sorted' if each.what == OUT_OF_ORDER else 'left out'}: {each.what}, column {each.column!r}",
            rows=each.places,
            examples=each.examples,
        )
        for each in found
        if each.level == "error"
    )
