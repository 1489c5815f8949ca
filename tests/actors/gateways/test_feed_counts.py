"""Counts of a feed: every frame has its number, and no feed can fill the memory with names or bytes."""

from actors.gateways.feed_counts import KINDS_MAX, QUARANTINE_BYTES, FeedCounts, quarantined
from actors.gateways.sequence_guard import Verdict
from tests.kit.feed_world import delta, tick
from tests.kit.feeds import raw


def test_invented_kinds_are_counted_as_other():
    counts = FeedCounts()
    for number in range(1000):
        counts.note_frame(f"kind {number}", None, empty=True)
    assert len(counts.frames) == KINDS_MAX + 1
    assert sum(counts.frames.values()) == sum(counts.ignored.values()) == 1000


def test_what_is_quarantined_of_a_huge_frame_is_bounded_and_says_its_size():
    kept = quarantined(raw(b"x" * 1_000_000, number=7), "no JSON")
    assert (len(kept.data), kept.size, kept.number, kept.reason) == (QUARANTINE_BYTES, 1_000_000, 7, "no JSON")


def test_each_verdict_has_its_own_count():
    counts = FeedCounts()
    for verdict in (
        Verdict("next"), Verdict("duplicate"), Verdict("late"), Verdict("old"), Verdict("gap", overflowed=3),
        Verdict("wait", overflowed=1), Verdict("bridged", buffered=5, dropped=2),
    ):  # fmt: skip
        counts.note_frame("depth", verdict, empty=False)
    assert (counts.duplicates, counts.late, counts.gaps, counts.waited, counts.overflowed) == (1, 1, 1, 1, 4)
    assert counts.ignored == {"duplicate": 1, "late": 1, "old": 3}
    assert counts.frames == {"depth": 7}


def test_rows_are_counted_by_type():
    counts = FeedCounts()
    counts.note_rows([tick(1), tick(2), delta(3)])
    assert counts.rows == {"Tick": 2, "BookDelta": 1}
