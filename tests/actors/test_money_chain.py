"""Gate, desk, ledger, sentinel and auditor together: an oracle that shares no code with them reads what they said."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.auditor import Auditor
from actors.execution_desk import ExecutionDesk
from actors.ledger import Ledger
from actors.sentinel import Sentinel
from contracts.decision import DecisionLog, GateState, Halt, Intent, Refusal, Resume, Selection
from contracts.market import FeedStatus
from contracts.trade import CancelOrder, Execution, Order, OrderState, VenueStatus
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.market import a_beat, a_universe_changed
from tests.kit.model_venue import ModelVenue
from tests.kit.orders import Stage, a_start, desk_settings, ledger_settings, marks_of, of
from tests.kit.risk import a_gate, a_history, sentinel_settings

NAMES = ("BTC-EUR", "ETH-EUR", "SOL-EUR")
GROSS_MAX = Decimal(105)
D = Decimal


class World:
    """A model venue behind the five actors; prices move by whole cents."""

    def __init__(self):
        self.venue = ModelVenue()
        self.mids = [100.0, 100.0, 100.0]
        self.decision = 0
        self.allowed = "RECOVERING"
        limits = {"gross_notional_max": GROSS_MAX, "mark_age_s_max": 30.0, "slate_age_s_max": 30.0, "bar_s": 60.0}
        self.stage = Stage(
            Sentinel(sentinel_settings()),
            Ledger(ledger_settings(mark_age_s_max=30.0)),
            a_gate(**limits, duplicate_s=0.5),
            ExecutionDesk(desk_settings(order_ttl_s=10.0)),
            Auditor(),
        )
        for message in (
            a_start(),
            a_universe_changed(*NAMES),
            a_history(width=3),
            FeedStatus("test", "live", 1, NAMES, ""),
            VenueStatus("model", "live", ""),
            self.venue.snapshot(self.stage.now_ns),
            self.marks(),
            a_beat("decide"),
        ):
            self.tell(message)

    def marks(self):
        return marks_of(*self.mids, at_ns=self.stage.now_ns)

    def tell(self, message, after_s=0.0):
        """One turn, and the oracle's look at every order that left in it."""
        said = self.stage.admit(message, after_s=after_s)
        self.venue.take(said)
        for each in [message, *said]:
            if isinstance(each, GateState):
                self.allowed = each.state
            elif isinstance(each, Order):
                assert self.allowed == "TRADING" or (self.allowed == "REDUCING" and each.reduce_only), self.allowed
                assert each.quantity > 0
                assert each.quantity % D("0.001") == 0
                assert each.limit % D("0.01") == 0
        if of(Order, said):
            assert self.gross() <= GROSS_MAX * D("1.001") or all(order.reduce_only for order in of(Order, said))
        return said

    def gross(self):
        """The worst gross by the venue's own positions and everything that is alive or under way there."""
        left = {name: each.left for name, each in self.venue.held.items()}
        left |= {order.client_id: order.quantity for order in self.venue.under_way}
        orders = [*(each.order for each in self.venue.held.values()), *self.venue.under_way]
        total = D(0)
        for name, mid in zip(NAMES, self.mids):
            held = self.venue.positions.get(name, D(0))
            mine = [order for order in orders if order.symbol == name]
            buys = sum((left[order.client_id] for order in mine if order.side == "buy"), D(0))
            sells = sum((left[order.client_id] for order in mine if order.side == "sell"), D(0))
            total += max(abs(held + buys), abs(held - sells)) * D(str(mid))
        return total

    def decide(self, edges):
        self.decision += 1
        self.tell(self.marks())
        self.tell(a_beat("decide"), after_s=0.001)
        self.tell(a_slate(width=3, mu=[edge / 100 for edge in edges]))
        picks = [a_pick(symbol=name, side="buy" if edge > 0 else "sell") for name, edge in zip(NAMES, edges) if edge]
        return self.tell(a_selection(*picks, decision=self.decision))


edges = st.lists(st.integers(-3, 3), min_size=3, max_size=3)
steps = st.one_of(
    st.tuples(st.just("decide"), edges),
    st.tuples(st.just("decide"), edges),
    st.tuples(st.just("arrive"), st.sampled_from(["accepted", "accepted", "answer_lost", "rejected", "late"])),
    st.tuples(st.just("fill"), st.integers(1, 400)),
    st.tuples(st.just("answer"), st.integers(0, 3)),
    st.tuples(st.just("move"), st.integers(-100, 100)),
    st.tuples(st.just("second"), st.sampled_from([1.0, 5.0])),
    st.tuples(st.just("cancel"), st.booleans()),
    st.tuples(st.just("halt"), st.none()),
    st.tuples(st.just("resume"), st.none()),
)


def do(world, kind, detail):
    venue = world.venue
    if kind == "decide":
        world.decide(detail)
    elif kind == "arrive" and venue.under_way:
        venue.arrive(0, detail)
    elif kind == "fill":
        venue.fill(0, detail, world.stage.now_ns)
    elif kind == "answer" and venue.answers:
        world.tell(venue.answers.pop(detail % len(venue.answers)))
    elif kind == "move":
        world.mids = [mid + detail / 100 for mid in world.mids]
        world.tell(world.marks())
    elif kind == "second":
        world.tell(a_beat("second"), after_s=detail)
    elif kind == "cancel" and venue.cancels:
        venue.cancel(0, answered=detail)
    elif kind == "halt":
        world.tell(Halt("ops", "drill"))
    elif kind == "resume":
        world.tell(Resume("ops", "checked"))


@given(st.lists(steps, max_size=40))
@settings(max_examples=40, deadline=None)
def test_i9_i11_i12_i40_whatever_happens_the_oracle_agrees(sequence):
    world = World()
    for kind, detail in sequence:
        do(world, kind, detail)
    stage = world.stage
    intents = [(each.decision, each.leg) for each in stage.all(Intent)]
    spoken = {(each.decision, each.leg) for each in stage.all(OrderState) if each.decision}
    assert len(intents) == len(dict.fromkeys(intents)), "an intent has one name"
    assert spoken == set(intents), "I40: every intent has a fate"
    assert len(stage.all(DecisionLog)) == len(stage.all(Selection))
    answered = {(each.decision, each.leg) for each in (*stage.all(Intent), *stage.all(Refusal))}
    picked = {(each.decision, leg) for each in stage.all(Selection) for leg in range(len(each.picks))}
    assert picked <= answered, "every pick becomes an intent or a refusal"
    bought = sum((each.quantity if each.side == "buy" else -each.quantity for each in stage.all(Execution)), D(0))
    assert bought == sum((book.quantity for book in stage.actors[1].state.books.values()), D(0))


def test_a_halt_in_the_middle_of_things_leaves_no_order_behind():
    world = World()
    world.decide([3, 3, 0])
    assert len(world.venue.under_way) == 2
    world.venue.arrive(0, "accepted")
    said = world.tell(Halt("ops", "drill"))
    assert len(of(CancelOrder, said)) == 2
    assert of(Order, world.decide([3, 3, 3])) == []


def test_a_decision_of_the_whole_chain_is_logged_by_its_seqs():
    world = World()
    said = world.decide([3, 0, 0])
    log = of(DecisionLog, said)[0]
    kinds = {envelope.seq: type(envelope.payload) for envelope in world.stage.envelopes}
    assert [kinds[seq] for seq in (*log.intent_seqs, log.selection_seq)] == [Intent, Selection]
    assert log.state == "TRADING"
    assert log.equity == 500
