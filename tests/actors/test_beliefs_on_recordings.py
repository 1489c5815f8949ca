"""Real markets through the chain: short recordings without history must still be believed in."""

import numpy as np
import pytest

from adapters.recorded.feed import RecordedFeed
from contracts.belief import SignalFrame, Slate
from contracts.life import ActorFailed, Beat
from contracts.market import MarkFrame, UniverseChanged
from contracts.quantities import SECOND_NS
from runtime.clock import FixedClock
from tests.kit.belief_chain import a_chain
from tests.kit.recordings import COINBASE, SPOT_TEXT_2021, USDM_2021, recording
from tests.kit.turns import MemoryJournal, Steps


def played(name: str, *, seconds: int) -> MemoryJournal:
    """The first seconds of a recording with a decision each second."""
    feed = RecordedFeed(recording(name), FixedClock())
    journal, clock = MemoryJournal(), Steps(feed.started_ns)
    bus = a_chain(journal=journal, clock=clock)
    bus.admit(UniverseChanged(universe=feed.universe), "feed")
    parser, beat = feed.parser(1), feed.started_ns // SECOND_NS + 1
    for frame in feed.frames():
        while frame.received_ns >= beat * SECOND_NS:
            clock.at_ns = beat * SECOND_NS
            bus.admit(Beat("signal", beat), "cadence")
            bus.admit(Beat("decide", beat), "cadence")
            beat += 1
        if frame.received_ns > feed.started_ns + seconds * SECOND_NS:
            return journal
        clock.at_ns = max(clock.at_ns, frame.received_ns)
        for row in parser.parse(frame).rows:
            bus.admit(row, "feed")
    return journal


@pytest.mark.parametrize(
    "name", [COINBASE, USDM_2021, SPOT_TEXT_2021], ids=["ticks and depth", "many instruments", "depth without ticks"]
)
def test_a_short_recording_is_marked_and_believed_in_within_seconds(name):
    said = [envelope.payload for envelope in played(name, seconds=20).envelopes]
    assert not [each for each in said if isinstance(each, ActorFailed)]
    marks = [each for each in said if isinstance(each, MarkFrame)]
    flows = [each for each in said if isinstance(each, SignalFrame) and each.agent == "order_flow"]
    slates = [each for each in said if isinstance(each, Slate)]
    assert len(slates) >= 19
    assert all(frame.valid.values.all() for frame in marks[3:])
    assert all(np.isfinite(frame.mu.values).any() and (frame.sigma.values > 0).any() for frame in flows[10:])
    assert np.isfinite(slates[-1].mu.values).any()
