"""The calm live view of a running daemon: marks, beliefs with their uncertainty, the slate, budget, orders, equity."""

import contextlib
from collections import deque
from typing import Any, ClassVar, Final

import msgspec
import numpy as np
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.cli.blend_panel import blend_panel
from bot.cli.fan import fan, widest
from bot.logging import printable, utc
from bot.report import Report
from contracts.account import Equity
from contracts.belief import DriftState, Slate
from contracts.decision import Refusal, Selection, Verdict
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import MarkFrame, UniverseChanged
from contracts.ports import Clock
from contracts.quantities import SECOND_NS
from contracts.trade import Execution, OrderState

ROWS_MAX: Final = 12
REFRESH_S: Final = 0.5


class LiveView:
    """A tap that remembers the last of everything, and a task that draws it twice a second."""

    kinds: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged, MarkFrame, Slate, DriftState, Selection, Verdict, Equity, OrderState, Execution, Refusal,
    )  # fmt: skip

    def __init__(self, run: str, report: Report, clock: Clock) -> None:
        self._run = run
        self._report = report
        self._clock = clock
        self._last: dict[type[msgspec.Struct], Any] = {}
        self._universe: Universe | None = None
        self._recent: deque[Text] = deque(maxlen=6)
        self._at_ns = 0

    def __call__(self, envelope: Envelope[Any]) -> None:
        """Remember one message."""
        said = envelope.payload
        self._at_ns = envelope.at_ns
        self._last[type(said)] = said
        if isinstance(said, UniverseChanged):
            self._universe = said.universe
        elif isinstance(said, Execution):
            self._recent.appendleft(
                Text(
                    f"{utc(envelope.at_ns)[11:19]} filled {said.side} {said.quantity} {said.symbol} at {said.price}",
                    "green",
                )
            )
        elif isinstance(said, OrderState) and said.state in ("REJECTED", "UNKNOWN"):
            text = f"{utc(envelope.at_ns)[11:19]} {said.client_id} {said.state} {printable(said.reason)}"
            self._recent.appendleft(Text(text, "yellow"))

    async def run(self, console: Console) -> None:
        """Draw until cancelled, or until the terminal is gone."""
        with (
            contextlib.suppress(OSError),
            Live(self.draw(), console=console, screen=False, auto_refresh=False, transient=True) as live,
        ):
            while True:
                await self._clock.sleep_until(self._clock.now() + round(REFRESH_S * SECOND_NS))
                live.update(self.draw(), refresh=True)

    def draw(self) -> RenderableType:
        """The whole picture as it stands."""
        blend = blend_panel(self._last.get(Slate), self._last.get(DriftState))
        return Group(self._head(), self._beliefs(), Columns([blend, self._risk(), self._happened()], expand=True))

    def _head(self) -> Panel:
        state, equity = self._report.state, self._report.equity
        name = state.state if state else "STARTING"
        colour = {"TRADING": "green", "REDUCING": "yellow", "HALTED": "red"}.get(name, "cyan")
        line = Text.assemble((f" {name} ", f"bold black on {colour}"), f"  {self._run}  {utc(self._at_ns)}")
        if equity is not None:
            line.append(f"   equity {equity.equity:.2f} {equity.currency}   gross {equity.gross:.2f}")
        reasons = "; ".join(state.reasons) if state else ""
        cold = f"warming up: {len(self._report.cold)} features cold" if self._report.cold else ""
        return Panel(
            Group(line, Text("  ".join(filter(None, (reasons, cold))), "dim")), title="Keel", title_align="left"
        )

    def _beliefs(self) -> Table:
        table = Table(expand=True, box=None, header_style="dim")
        for title in ("instrument", "mark", "bps", "fan of the outcome", "up", "sure", "chosen", "position"):
            left = title in ("instrument", "fan of the outcome", "chosen")
            table.add_column(title, justify="left" if left else "right")
        slate, marks, universe = self._last.get(Slate), self._last.get(MarkFrame), self._universe
        if slate is None or marks is None or universe is None or len(slate.mu) != len(universe):
            return table
        mu, sigma = slate.mu.values * 1e4, slate.sigma.values * 1e4
        p_up = slate.p_up.values if len(slate.p_up) == len(mu) else np.full(len(mu), np.nan)
        order = np.argsort(-np.abs(np.nan_to_num(mu / sigma)), kind="stable")[:ROWS_MAX].tolist()
        fans = {column: (slate.quantiles.values[:, column] * 1e4).tolist() for column in order}
        reach = widest(list(fans.values()))
        for column in order:
            symbol = universe.instruments[column].symbol
            table.add_row(
                symbol,
                f"{marks.mid[column]:.6g}",
                f"{mu[column]:+.2f}",
                fan(fans[column], float(mu[column]), reach),
                f"{p_up[column]:.0%}" if p_up[column] == p_up[column] else "",
                f"{slate.confidence[column]:.2f}",
                self._chosen(symbol),
                self._held(symbol),
            )
        return table

    def _chosen(self, symbol: str) -> str:
        selection = self._last.get(Selection)
        picks = (
            {pick.symbol: f"{rank}. {pick.side}" for rank, pick in enumerate(selection.picks, 1)} if selection else {}
        )
        return picks.get(symbol, "")

    def _held(self, symbol: str) -> str:
        position = self._report.positions.get(symbol)
        return f"{position.quantity:+f}" if position is not None and position.quantity else ""

    def _risk(self) -> Panel:
        verdict, counts = self._last.get(Verdict), self._report.counts
        lines = [
            f"decisions {counts['decisions']}   intents {counts['intents']}   refusals {counts['refusals']}",
            f"orders {counts['orders']}   fills {counts['fills']}   restarts {counts['restarts']}",
        ]
        if verdict is not None and verdict.cvar_max > 0:
            used = min(1.0, max(0.0, verdict.cvar_after / verdict.cvar_max))
            bar = "█" * round(used * 20) + "░" * (20 - round(used * 20))
            lines.insert(0, f"tail risk {bar} {verdict.cvar_after:.2f} of {verdict.cvar_max:.2f}")
        refusal = self._last.get(Refusal)
        if refusal is not None:
            lines.append(f"last refusal {refusal.symbol}: {printable(refusal.reasons[0].text)}")
        return Panel("\n".join(lines), title="risk", title_align="left")

    def _happened(self) -> Panel:
        return Panel(
            Group(*self._recent) if self._recent else Text("nothing yet", "dim"), title="orders", title_align="left"
        )
