import numpy as np
import pytest

from bot.evaluation import fitting
from bot.evaluation.fitting import thinned, walk_forward_fit
from contracts.belief import Example
from contracts.column import floats
from quant.quantile_regression import QuantileModel

HOUR_NS = 3_600_000_000_000
NAMES = ("size", "noise")


def examples(count: int = 900, width: int = 2, seed: int = 1) -> list[Example]:
    """Outcomes whose deviation is what the first input says."""
    rng = np.random.default_rng(seed)
    base = np.repeat(np.array([-2.3, -1.6, -1.3, -0.7, 0.0, 0.7, 1.3, 1.6, 2.3])[:, None], width, axis=1)
    said = []
    for at in range(count):
        x = rng.random((width, 2))
        said.append(
            Example(
                universe=1,
                schema="s",
                said_ns=at * HOUR_NS,
                end_ns=(at + 1) * HOUR_NS,
                x=floats(x),
                base=floats(base),
                z=floats((0.3 + 1.4 * x[:, 0]) * rng.standard_normal(width)),
                scale=floats(np.ones(width)),
                weight=1.0,
                based_on=(),
            )
        )
    return said


def test_of_too_many_rows_instants_are_left_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "ROWS_MAX", 10)

    kept = thinned(examples(count=12))

    assert [example.said_ns // HOUR_NS for example in kept] == [0, 3, 6, 9]
    assert len(thinned(examples(count=5))) == 5


def test_too_few_rows_give_no_model() -> None:
    assert walk_forward_fit(NAMES, HOUR_NS, 1)(examples(count=100), 0) is None


@pytest.mark.numbers
def test_a_fitted_model_is_the_same_twice_and_sees_what_widens() -> None:
    fit = walk_forward_fit(NAMES, HOUR_NS, 1)

    one, two = fit(examples(), 0), fit(examples(), 0)

    assert one is not None and one == two
    model = QuantileModel.from_texts(one, schema="s")
    said = model.predict(np.array([[0.05, 0.5], [0.95, 0.5]]), np.repeat(examples(1)[0].base.values[:, :1], 2, axis=1))
    assert said[-2, 1] > 1.3 * said[-2, 0]
