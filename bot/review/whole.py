"""A review of a run: all figures and sections, from the tables of its records alone."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from bot.backtest.unfunded import said_of
from bot.evaluation.report import day
from bot.records.making import NO_END, RunRecords
from bot.review import account as accounts
from bot.review import beliefs, parity, risk, trading
from bot.review.facts import RunFacts
from bot.review.section import Section
from contracts.quantities import nanos

NO_HORIZON = "the risk horizon: its profile does not say it, so losses are not held against the tail that was said"

COUNTS: Final = frozenset(
    {"trades", "trades_open", "orders", "decisions", "intents", "refusals", "labels", "tail_spans", "tail_exceedances"}
)
"""Figures that count: whole numbers for whoever reads them."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to. `figures` are what `--json` prints at the top, by name; NaN means not measured."""

    facts: RunFacts
    against: str
    first: str
    last: str
    messages: int
    currency: str
    thin: bool
    figures: dict[str, float]
    sections: tuple[Section, ...]
    lacks: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether the run came to its end in order: one that was cut, or still goes on, did not."""
        return NO_END not in self.lacks

    def plain(self) -> dict[str, Any]:
        """Everything but the charts, for JSON: the figures first, at the top."""
        figures = {name: int(value) if name in COUNTS else value for name, value in self.figures.items()}
        said: dict[str, Any] = {"run": self.facts.run, **figures, "against": self.against or None}
        said |= {"first": self.first, "last": self.last, "currency": self.currency, "thin": self.thin}
        said["ended"] = self.ended
        said |= {"facts": msgspec.structs.asdict(self.facts), "messages": self.messages, "lacks": list(self.lacks)}
        tables = [table for section in self.sections for table in (section.heat, *section.tables, section.long)]
        said["tables"] = {
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in tables
            if table is not None
        }
        return said


def review_of(facts: RunFacts, records: RunRecords, other: RunRecords | None = None) -> Review:
    """The review of a run, held against another where one is given."""
    account = accounts.account_of(records.table("equity"))
    trades, orders, decisions = (records.table(name) for name in ("trades", "orders", "decisions"))
    figures = accounts.figures_of(account)
    figures |= trading.figures_of(trades, orders, account)
    sections = [accounts.section_of(account), trading.section_of(trades, orders, figures)]
    lacks = list(records.made.lacks)
    if facts.without_funding:
        lacks.append(said_of(facts.without_funding))
    horizon_s, alpha = facts.risk_horizon_s, facts.alpha
    if horizon_s is None or alpha is None:
        lacks.append(NO_HORIZON)
        horizon_s, alpha = math.inf, 0.5
    horizon_ns = nanos(horizon_s) if math.isfinite(horizon_s) else 1 << 62
    tails = risk.tails_of(decisions, account, horizon_ns)
    figures |= risk.figures_of(tails, decisions, alpha)
    sections.append(risk.section_of(tails, decisions, records.table("refusals"), figures, horizon_s))
    calibration = records.table("calibration")
    figures |= beliefs.figures_of(calibration)
    sections.append(beliefs.section_of(calibration, records.table("pit"), records.table("weights"), figures))
    if other is not None:
        both = (account, accounts.account_of(other.table("equity")))
        apart = parity.figures_of(records, other, both)
        figures |= apart
        sections.append(parity.section_of(records, other, both, apart))
    began = len(account.at_ns) > 0
    return Review(
        facts=facts,
        against="" if other is None else other.made.run,
        first=day(int(account.at_ns[0])) if began else "",
        last=day(int(account.at_ns[-1])) if began else "",
        messages=records.made.messages,
        currency=records.made.currency,
        thin=records.made.thin,
        figures=figures,
        sections=tuple(sections),
        lacks=tuple(lacks),
    )
