"""What every backtest has: the assembly of a profile on a clock that is set, and an account of what became of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.models.workers import WaitingWorkers
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.market import Market
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.venue import SimulatedVenue
from bot.assemble import Hooks, assemble
from bot.models.places import commands, shelf_of, store_of
from bot.opening import OpenRun
from bot.outside import Outside
from bot.profile import Profile
from bot.report import Report
from contracts.life import ActorFailed
from contracts.quantities import Nanos
from runtime.clock import FixedClock

EXIT_OK: Final = 0
EXIT_GAVE_UP: Final = 9

Seen = Callable[[Nanos], None]


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest came to, and the exit code of its process."""

    exit_code: int
    reason: str
    summary: dict[str, Any]


class Life:
    """One assembly without gateways on an open run; `models` is where its models are kept.

    Of the gateways only the trainer is ever built, by whoever wants it; a driver stands for the others.
    """

    def __init__(self, profile: Profile, opened: OpenRun, models: Path) -> None:
        self.profile, self.opened = profile, opened
        self.clock = FixedClock()
        market = Market(profile.simulated.market)
        outside = Outside(
            clock=self.clock,
            feed=SimulatedFeed(market, self.clock),
            venue=SimulatedVenue(profile.simulated.broker, market.universe, QuoteBoard(), self.clock),
            journal=opened.journal,
            models=shelf_of(store_of(models), opened.directory),
            workers=WaitingWorkers(commands(models)),
        )
        self.assembly = assemble(profile, outside, Hooks())
        self.bus = self.assembly.bus
        self.report = Report()
        self.failed = ""
        self.bus.tap(self.report, Report.kinds)
        self.bus.tap(lambda envelope: self._on_failure(envelope.payload), (ActorFailed,))

    @property
    def exit_code(self) -> int:
        """The exit code as things stand."""
        return EXIT_GAVE_UP if self.failed else EXIT_OK

    def result(self, reason: str, more: dict[str, Any]) -> BacktestResult:
        """What it came to; `reason` is why it ended, unless it failed before."""
        ending = self.failed or reason
        summary = {
            "run": self.opened.name,
            **more,
            "turns": self.bus.turn,
            "messages": self.bus.seq,
            **self.report.as_json(),
            "journal": str(self.opened.directory / "journal"),
            "ending": ending,
            "exit_code": self.exit_code,
        }
        return BacktestResult(exit_code=self.exit_code, reason=ending, summary=summary)

    def _on_failure(self, failed: ActorFailed) -> None:
        # What is told after a strategy broke is no result of it, however often it may be built again in history.
        if (failed.spent or failed.actor == "strategy") and not self.failed:
            self.failed = f"{failed.actor} gave up: {failed.error}"
