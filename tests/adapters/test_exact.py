"""Price and quantity texts become whole steps exactly, or not at all."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exact import Grid, Steps
from contracts.wire import MalformedFrame
from tests.kit.market import an_instrument

STEPS = ("0.01", "0.01000000", "0.00000001", "1", "0.5", "0.25", "10", "0.00000100")


def written(count: int, decimals: int) -> str:
    return format(Decimal(count).scaleb(-decimals), "f")


@given(st.sampled_from(STEPS), st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(0, 4))
def test_a_number_on_the_grid_is_that_many_steps_alone_and_in_a_column(step, counts, zeros):
    size = Decimal(step)
    texts = [format(size * count, "f") for count in counts]
    texts = [text + "0" * zeros if "." in text else text for text in texts]

    steps = Steps(size, "price")

    assert [steps[text] for text in texts] == counts
    assert [steps[text] * size for text in texts] == [Decimal(text) for text in texts]
    np.testing.assert_array_equal(steps.column(texts), counts)
    np.testing.assert_array_equal(Steps(size, "price")._at_once(texts), counts)


NO_NUMBERS = [
    "", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e5", "1E5", "NaN", "nan", "inf", "Infinity", "1,5", "1_000", "0x1f",
    "1.2.3", "0.-10000", "٣", "１", "1\n2", "1\n", "9" * 40, "0." + "0" * 39 + "1", "1e999", "null", "1.5.", "--1",
    "\x00",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_text_that_is_no_plain_number_is_refused_by_name_alone_and_in_a_column(text):
    for read in (
        lambda: Steps(Decimal("0.01"), "BTC-USD: price")[text],
        lambda: Steps(Decimal("0.01"), "BTC-USD: price").column(["1.00", text]),
        lambda: Steps(Decimal("0.01"), "BTC-USD: price").column(["1.00"] * 2000 + [text] + ["2.00"] * 2000),
    ):
        with pytest.raises(MalformedFrame, match="BTC-USD: price"):
            read()


@pytest.mark.parametrize(
    ("step", "text"), [("0.01", "1.001"), ("0.5", "0.25"), ("0.25", "0.30"), ("10", "15"), ("1", "0.1")]
)
def test_a_number_off_the_grid_is_refused_alone_and_in_a_column(step, text):
    on_grid = [step] * 3000
    for read in (
        lambda: Steps(Decimal(step), "price")[text],
        lambda: Steps(Decimal(step), "price").column([*on_grid, text, *on_grid]),
    ):
        with pytest.raises(MalformedFrame, match="off its grid"):
            read()


@given(st.lists(st.text("0123456789.-eN ", min_size=1, max_size=24), min_size=1, max_size=8), st.sampled_from(STEPS))
def test_a_long_column_agrees_with_its_numbers_one_by_one(texts, step):
    """Law: `column` agrees with `[]` on every list."""

    def said(read):
        try:
            return list(read())
        except MalformedFrame:
            return "refused"

    long = texts * (2048 // len(texts) + 1)
    steps = Steps(Decimal(step), "price")
    assert said(lambda: steps.column(long)) == said(lambda: [steps[text] for text in long])


def test_what_is_remembered_is_bounded():
    steps = Steps(Decimal("0.01"), "price")
    for count in range(20_000):
        assert steps[written(count, 2)] == count
    assert len(steps) <= 1 << 13


def test_an_empty_side_is_no_price_and_no_quantity():
    grid = Grid(an_instrument(symbol="BTC-USD"))
    assert grid.touch("0.00", "0.000") == (0, 0)
    assert grid.touch("100.01", "0.000") == (0, 0)
    assert grid.touch("100.01", "1.5") == (10001, 1500)
    with pytest.raises(MalformedFrame, match="price was 0"):
        grid.touch("0", "1.5")
