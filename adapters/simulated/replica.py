"""The simulated venue's answer to a question about one order: a view that may lag, and when absence is a proof."""

from adapters.simulated.account import NONE
from adapters.simulated.records import Records
from contracts.quantities import Money, Nanos
from contracts.trade import OrderQuery, OrderReport, VenueOrderState


class Replica:
    """Reads the records as they were a moment ago.

    An order younger than the lag is `absent`, and not authoritatively. An order that nobody knows is authoritatively
    absent once `recv_window_ns` has passed since it was first asked for: a sending older than that is rejected when it
    arrives, and whoever asks has sent before. What is sent again after the first question is the sender's own risk.
    """

    def __init__(self, records: Records, recv_window_ns: Nanos) -> None:
        self._records = records
        self._recv_window_ns = recv_window_ns
        self._asked_ns: dict[str, Nanos] = {}

    def report(self, query: OrderQuery, asked_ns: Nanos, now_ns: Nanos, lag_ns: Nanos) -> OrderReport:
        """The report on the newest order under that client id."""
        held = self._records.newest.get(query.client_id)
        if held is not None:
            self._asked_ns.pop(query.client_id, None)
            if held.placed_ns > now_ns - lag_ns:
                return _report(query, "absent", NONE, asked_ns, authoritative=False)
            return _report(query, held.state, held.filled, asked_ns, authoritative=True)
        if query.client_id in self._records.refused:
            return _report(query, "rejected", NONE, asked_ns, authoritative=True)
        first_ns = self._asked_ns.setdefault(query.client_id, asked_ns)
        return _report(query, "absent", NONE, asked_ns, authoritative=now_ns > first_ns + self._recv_window_ns)


def _report(
    query: OrderQuery, state: VenueOrderState, filled: Money, asked_ns: Nanos, *, authoritative: bool
) -> OrderReport:
    return OrderReport(
        client_id=query.client_id, state=state, filled=filled, asked_ns=asked_ns, authoritative=authoritative
    )
