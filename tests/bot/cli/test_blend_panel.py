"""The panel that says who made the blend."""

import io

import msgspec
from rich.console import Console

from bot.cli.blend_panel import blend_panel
from contracts.belief import DriftState
from contracts.column import floats
from tests.kit.beliefs import a_slate


def drawn(*parts) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(blend_panel(*parts))
    return console.file.getvalue()


def drift(level, *reasons) -> DriftState:
    return DriftState(level=level, reasons=reasons, sigma_factor=1.0, size_factor=1.0, based_on=(1,))


def test_before_the_first_blend_the_panel_says_so() -> None:
    assert "nothing blended yet" in drawn(None, None)


def test_the_heaviest_agent_comes_first_and_an_agent_without_weight_not_at_all() -> None:
    slate = msgspec.structs.replace(
        a_slate(width=2),
        agents=("one", "two", "off"),
        weights=floats([[0.2, 0.4], [0.8, 0.6], [0.0, 0.0]]),
        rung="booster",
        model="0123456789abcdef",
        regime="wild",
        regimes=floats([0.1, 0.2, 0.7]),
        experts=("pool", "stack"),
        expert_weights=floats([[0.5, 0.5], [0.25, 0.75]]),
    )
    text = drawn(slate, drift("widen", "coverage .81"))
    assert text.index("two") < text.index("one ")
    assert "off" not in text
    for part in ("booster, model 01234567", "regime wild 0.10/0.20/0.70", "stack 0.62", "drift widen: coverage .81"):
        assert part in text
