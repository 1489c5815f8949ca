from decimal import Decimal

from adapters.simulated.ledger import Placed, Refused
from adapters.simulated.records import Records
from adapters.simulated.replica import Replica
from contracts.trade import OrderQuery

QUERY = OrderQuery("a", "ETH-EUR", 1)
WINDOW_NS = 5_000


def a_replica(*facts):
    records = Records()
    for fact in facts:
        records.apply(fact)
    return records, Replica(records, WINDOW_NS)


def seen(replica, now_ns, lag_ns=0):
    report = replica.report(QUERY, now_ns, now_ns, lag_ns)
    return report.state, report.authoritative


def placed(at_ns):
    return Placed(
        at_ns=at_ns,
        venue_id="V1",
        client_id="a",
        symbol="ETH-EUR",
        side="buy",
        quantity=Decimal(1),
        limit=Decimal(10),
        reduce_only=False,
    )


def test_an_order_younger_than_the_lag_is_absent_without_proof():
    _, replica = a_replica(placed(1_000))
    assert seen(replica, 1_300, lag_ns=400) == ("absent", False)
    assert seen(replica, 1_300, lag_ns=300) == ("open", True)


def test_lag_never_makes_a_proof_of_absence_however_often_it_is_asked():
    records, replica = a_replica()
    assert seen(replica, 1_000) == ("absent", False)
    records.apply(placed(5_900))
    assert seen(replica, 6_500, lag_ns=1_000) == ("absent", False)


def test_absence_is_proven_once_the_window_since_the_first_question_is_over():
    _, replica = a_replica()
    assert seen(replica, 1_000) == ("absent", False)
    assert seen(replica, 1_000 + WINDOW_NS) == ("absent", False)
    assert seen(replica, 1_001 + WINDOW_NS) == ("absent", True)


def test_a_refused_order_is_rejected_at_once():
    _, replica = a_replica(Refused(at_ns=1, client_id="a", reason="no"))
    assert seen(replica, 2, lag_ns=100) == ("rejected", True)
