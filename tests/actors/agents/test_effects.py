"""Each of the twelve finds the effect it is named for where it was planted, and nothing in noise."""

import pytest

from tests.kit.effects import WORLDS, found

pytestmark = pytest.mark.numbers


@pytest.mark.parametrize("kind", WORLDS)
def test_an_effect_that_was_planted_is_found(kind):
    seen = found(kind, planted=True)
    assert seen.ic > 0.02
    assert seen.t > 2.0
    assert seen.coefficient > 0.04


@pytest.mark.parametrize("kind", WORLDS)
def test_in_noise_nothing_is_found(kind):
    seen = found(kind, planted=False)
    assert abs(seen.t) < 2.5
    assert abs(seen.ic) < 0.06
