import contextlib

import numpy as np
import pytest

from bot.evaluation.prices import BadPrices
from bot.models.history import examples_of_prices


def some_prices(path, days: int):
    chance = np.random.default_rng(1)
    closes = np.exp(np.cumsum(0.01 * chance.standard_t(5, (days, 3)), axis=0)) * 100
    lines = ["date,A,B,C"]
    lines += [
        f"{np.datetime64('2015-01-01') + day}," + ",".join(f"{each:.6f}" for each in row)
        for day, row in enumerate(closes)
    ]
    path.write_text("\n".join(lines) + "\n")
    return [path]


def shown(rows):
    return contextlib.nullcontext(lambda done: None)


def test_the_weighter_itself_says_what_is_learned_from(tmp_path):
    examples, life_ns = examples_of_prices(some_prices(tmp_path / "p.csv", 120), None, 5 * 86_400.0, shown)

    assert life_ns == 5 * 86_400 * 10**9
    assert examples.x.shape == (len(examples.z), len(examples.names))
    assert set(examples.end_ns - examples.said_ns) == {life_ns}
    assert not np.isinf(examples.x).any()
    assert len(np.unique(examples.said_ns)) * 3 == len(examples.z)


@pytest.mark.parametrize(("days", "horizon_s", "complaint"), [(50, 86_400.0 * 1.5, "no whole"), (8, 432e3, "too few")])
def test_a_horizon_that_does_not_fit_is_named(tmp_path, days, horizon_s, complaint):
    with pytest.raises(BadPrices, match=complaint):
        examples_of_prices(some_prices(tmp_path / "p.csv", days), None, horizon_s, shown)
