"""What `bot data` says when it is done: for people, or as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bot.cli.options import emit, say, talk

LINES_TOLD: Final = 30


def tell_import(into: Path, done: Any, json: bool) -> None:
    """What came of an import, and what is in the data set now."""
    from bot.data.listing import summary

    if json:
        emit({**summary(into), "new_rows": done.rows, "files_skipped": done.skipped, "findings": done.findings})
        return
    tell_findings(done.findings)
    for repair in done.manifest.repairs:
        say(f"repaired: {repair.source}: {repair.name}: {repair.what}: {repair.rows} rows")
    skipped = f", {done.skipped} files were in already" if done.skipped else ""
    say(f"{into}: {done.rows:,} new rows{skipped}; {len(done.manifest.instruments)} instruments")


def tell_summary(path: Path, json: bool) -> None:
    """What a data set holds."""
    from bot.data.listing import lines, summary

    if json:
        emit(summary(path))
        return
    say("\n".join(lines(summary(path))))


def tell_findings(findings: Sequence[Any]) -> None:
    """What was found, the first kinds of it; how many more there are goes to those who look."""
    from bot.data.judging import lines

    told = lines(findings)
    for line in told[:LINES_TOLD]:
        say(line)
    if len(told) > LINES_TOLD:
        talk(f"and {len(told) - LINES_TOLD} more; --json has them all")
