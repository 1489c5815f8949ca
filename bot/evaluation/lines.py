"""A report as lines for a terminal: figures, the table with its baselines, targets met and missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.evaluation.page import wanted
from bot.evaluation.report import Report, Table, told

VERDICTS = {True: "met", False: "missed", None: "not measured"}


def lines_of(report: Report) -> Iterator[str]:
    """The lines, without colours, so that they can be kept."""
    data = report.data
    yield f"{report.recipe}: {report.title}"
    if "first" in data:
        who = data["symbols"][0] if len(data["symbols"]) == 1 else f"{len(data['symbols'])} instruments"
        yield f"{who}, {data['bars']} bars, {data['first'][:10]} to {data['last'][:10]}"
    for table in report.tables:
        yield ""
        yield from table_lines(table)
    if report.targets:
        yield ""
        rows = [
            (
                target.figure + (" (stretch)" if target.stretch else ""),
                wanted(target),
                told(target.measured, ".5g"),
                VERDICTS[target.met],
            )
            for target in report.targets
        ]
        yield from _aligned(("target", "wanted", "measured", ""), rows, "s.. ")
    for note in report.notes:
        yield ""
        yield note


def table_lines(table: Table) -> Iterator[str]:
    """One table, columns aligned: text to the left, numbers to the right."""
    shown = [at for at, name in enumerate(table.columns) if not table.narrow or name in table.narrow]
    rows = [tuple(told(row[at], table.formats[at]) for at in shown) for row in table.rows]
    yield from _aligned([table.columns[at] for at in shown], rows, [table.formats[at] for at in shown])
    if table.note:
        yield table.note


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]], formats: Sequence[str]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = (
            f"{text:<{width}}" if form == "s" else f"{text:>{width}}"
            for text, width, form in zip(row, widths, formats, strict=True)
        )
        yield "  ".join(cells).rstrip()
