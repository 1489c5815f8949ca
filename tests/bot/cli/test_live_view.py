"""The live view: calm, whole at any size of terminal, and told by the messages alone."""

import asyncio
import io

import pytest
from rich.console import Console

from bot.cli.live_view import LiveView
from bot.report import Report
from contracts.trade import OrderState
from tests.kit.market import an_envelope


def a_view(run) -> LiveView:
    """The view after a whole run."""
    report = Report()
    view = LiveView("canary-000001", report, run.outside.clock)
    for envelope in run.envelopes:
        if type(envelope.payload) in Report.kinds:
            report(envelope)
        if type(envelope.payload) in LiveView.kinds:
            view(envelope)
    return view


def drawn(view: LiveView, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(view.draw())
    return console.file.getvalue()


def test_the_view_shows_marks_beliefs_budget_orders_and_equity(simulated) -> None:
    text = drawn(a_view(simulated))
    for part in (
        "canary-000001",
        "BTC-EUR",
        "fan of the outcome",
        "blend",
        "tail risk",
        "equity",
        "filled",
        "decisions",
    ):
        assert part in text


def test_before_anything_was_said_there_is_a_picture_too(simulated) -> None:
    text = drawn(LiveView("canary-000001", Report(), simulated.outside.clock))
    assert "STARTING" in text
    assert "nothing yet" in text


@pytest.mark.parametrize("width", [20, 40, 80, 250])
def test_no_line_is_wider_than_the_terminal(simulated, width) -> None:
    assert max(map(len, drawn(a_view(simulated), width).splitlines())) <= width


def test_a_belief_is_drawn_whole_on_eighty_columns(simulated) -> None:
    beliefs = [line for line in drawn(a_view(simulated), 80).splitlines() if "●" in line]
    assert beliefs
    assert not any("…" in line for line in beliefs)


def test_text_of_a_venue_cannot_take_over_the_terminal(simulated) -> None:
    view = a_view(simulated)
    (state,) = simulated.of(OrderState)[:1]
    reason = "no\x1b[2J[bold red]markup[/] \n forged"
    changed = {name: getattr(state.payload, name) for name in state.payload.__struct_fields__}
    view(an_envelope(OrderState(**(changed | {"state": "REJECTED", "reason": reason}))))
    text = drawn(view)
    assert "\x1b" not in text
    assert "REJECTED" in text


class GoneTerminal(io.StringIO):
    """A terminal that was closed."""

    tried = 0

    def write(self, text: str) -> int:
        self.tried += 1
        raise OSError(5, "Input/output error")


async def test_a_terminal_that_is_gone_ends_the_view_and_nothing_else(simulated) -> None:
    gone = GoneTerminal()
    async with asyncio.timeout(60):
        await a_view(simulated).run(Console(file=gone, width=80, force_terminal=True))
    assert gone.tried > 0
