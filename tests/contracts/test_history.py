"""History as a source tells it."""

from contracts.history import DatasetUnusable


def test_a_data_set_that_cannot_be_used_says_every_problem_at_once() -> None:
    error = DatasetUnusable("data set candles", ("BTCUSDT has no lot", "ETHUSDT has no tick"))

    assert str(error) == "data set candles\n  BTCUSDT has no lot\n  ETHUSDT has no tick"
    assert error.problems == ("BTCUSDT has no lot", "ETHUSDT has no tick")
