"""A review as lines for a terminal: the figures that have a value, then the short tables."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bot.evaluation.lines import table_lines
from bot.review.page import HERO, NOT_ENDED, SMALL, figure
from bot.review.whole import Review


def lines_of(review: Review) -> Iterator[str]:
    """The lines, without colours, so that they can be kept."""
    ended = "" if review.ended else f" ({NOT_ENDED})"
    yield f"{review.facts.run}: {review.first or 'no equity'} to {review.last or 'no equity'}{ended}"
    figures = review.figures | {"costs_eur": review.figures["fees_eur"] + review.figures["shortfall_eur"]}
    for name, form, label in (*HERO, *SMALL):
        value = figures.get(name, math.nan)
        if math.isfinite(value):
            yield f"{label:<28} {figure(value, form):>12}"
    for section in review.sections:
        for table in section.tables:
            yield ""
            yield table.title
            yield from table_lines(table)
