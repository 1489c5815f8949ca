"""The fan of a belief in text."""

import math

from hypothesis import given
from hypothesis import strategies as st

from bot.cli.fan import WIDTH, fan, widest

QUANTILES = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)


def test_a_symmetric_belief_is_drawn_symmetric_and_darker_inside() -> None:
    line = fan(QUANTILES, 0.0, 4.0).plain
    assert line == line[::-1]
    assert line == "··░░░▒▒▒▓▓●▓▓▒▒▒░░░··"


def test_a_belief_above_zero_has_its_mean_right_of_the_middle() -> None:
    line = fan([each + 1.0 for each in QUANTILES], 1.0, 5.0)
    assert line.plain.index("●") > line.plain.index("│")
    assert line.style == "green"


def test_a_narrow_belief_beside_a_wide_one_leaves_room() -> None:
    narrow = [each / 10 for each in QUANTILES]
    reach = widest([QUANTILES, narrow])
    assert reach == 4.0
    assert len(fan(narrow, 0.0, reach).plain.strip()) == 3


def test_a_belief_that_is_absent_says_so() -> None:
    assert fan([math.nan] * 9, math.nan, 1.0).plain == "no belief"
    assert widest([[math.nan] * 9]) == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=9, max_size=9).map(sorted), st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_every_fan_has_its_width_and_one_mean(quantiles, mu, reach) -> None:
    line = fan(quantiles, mu, reach).plain
    assert len(line) == WIDTH
    assert line.count("●") == 1
