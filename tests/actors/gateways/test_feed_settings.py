"""Settings of a feed that make no sense are refused by name."""

from decimal import Decimal

import pytest

from actors.gateways.feed_settings import FeedSettings
from tests.kit.feed_world import settings


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"silence_s_max": 0.0}, "silence_s_max was 0.0"),
        ({"reconnect_s_min": 9.0, "reconnect_s_max": 1.0}, "reconnect_s_max was 1.0, expected at least 9.0"),
        ({"conflate_after": 0}, "conflate_after was 0"),
        ({"resync_s_max": float("nan")}, "resync_s_max was nan"),
    ],
)
def test_settings_without_sense_are_refused_by_name(changed, why):
    with pytest.raises(ValueError, match=why):
        settings(**changed)


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(ValueError, match="rate of USD was -1"):
        FeedSettings(bar_s=60, warmup_bars=1, fx={"USD": Decimal(-1)})
