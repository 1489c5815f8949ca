"""What came true of what was said, as counts."""

import msgspec
import numpy as np

from contracts.column import floats
from quant.quantiles import LEVELS
from quant.scores import calibration_error, normal_quantiles
from tests.kit.beliefs import an_outcome
from tests.kit.run_records import read_from


def outcomes(count: int, width: int, seed: int = 3):
    chance = np.random.default_rng(seed)
    for _ in range(count):
        realised = chance.normal(0.0, 1.0, width)
        quantiles = np.tile(normal_quantiles(LEVELS)[:, None], width)
        said = an_outcome(author="blend", width=width, realised=realised)
        yield msgspec.structs.replace(said, quantiles=floats(quantiles)), realised


def test_counts_of_a_true_belief_are_those_of_the_scores() -> None:
    said = list(outcomes(250, 4))
    tables = read_from(*((float(at), message) for at, (message, _) in enumerate(said))).tables
    realised = np.concatenate([true for _, true in said])
    quantiles = np.tile(normal_quantiles(LEVELS)[:, None], len(realised))
    found = [row.below / row.labels - row.level for row in tables["calibration"] if row.author == "blend"]
    np.testing.assert_allclose(found, calibration_error(quantiles, realised), atol=1e-12)
    assert sum(row.labels for row in tables["pit"]) == len(realised)
    assert max(row.labels for row in tables["pit"]) < 1.6 * len(realised) / 20


def test_an_outcome_without_a_mark_is_no_label_and_an_agent_has_no_quantiles() -> None:
    message, _ = next(outcomes(1, 2))
    unknown = msgspec.structs.replace(message, realised=floats([float("nan"), 0.1]))
    read = read_from((0.0, unknown), (1.0, an_outcome()))
    assert {row.labels for row in read.tables["calibration"]} == {1}
    assert not any(lack.startswith("outcomes") for lack in read.lacks)
    assert any(lack.startswith("outcomes") for lack in read_from((0.0, an_outcome())).lacks)
