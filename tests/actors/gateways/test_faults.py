"""Faults are all counted, and the first ten thousand are kept."""

from actors.gateways.faults import KEPT_MAX, Fault, FaultLog
from tests.kit.feeds import raw


def test_faults_are_counted_by_name_and_kept_up_to_a_bound():
    log = FaultLog()
    for number in range(KEPT_MAX + 5):
        log.add(raw(b"", number=number), "gap" if number % 2 else "stall", "*", "why")
    assert log.counts == {"gap": (KEPT_MAX + 4) // 2, "stall": (KEPT_MAX + 6) // 2}
    assert len(log.kept) == KEPT_MAX
    assert log.kept[1] == Fault(1, "gap", "*", "why")
