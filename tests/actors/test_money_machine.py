"""Desk and ledger against a model venue: whatever comes late, twice, out of order or never, the books stay true."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.execution.orders import LEGAL
from actors.execution_desk import ExecutionDesk
from actors.ledger import Ledger
from contracts.quantities import SECOND_NS
from contracts.trade import Execution, Fill, OrderState, Reconciled
from tests.kit.market import NOON_NS, a_beat, a_universe_changed
from tests.kit.model_venue import ModelVenue
from tests.kit.orders import Stage, a_gate_state, a_start, an_intent, desk_settings, ledger_settings, of, round_trips

NONE = Decimal(0)
any_number = st.integers(0, 5)
symbols = st.sampled_from(["BTC-EUR", "ETH-EUR"])
HOWS = ["accepted", "accepted", "rejected", "answer_lost", "request_lost", "not_sent", "late"]


class MoneyMachine(RuleBasedStateMachine):
    """Every rule is one thing that may happen next."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = ModelVenue()
        self.epoch = 1
        self.decision = 0
        self.booked_from_venue: list[str] = []
        self.steps: dict[str, str] = {}
        self.stage = self._a_stage(NOON_NS)
        self.tell(a_universe_changed())
        self.tell(a_start())
        self.tell(self.venue.snapshot(self.stage.now_ns))
        self.tell(a_gate_state("TRADING"))

    def _a_stage(self, now_ns):
        return Stage(ExecutionDesk(desk_settings(order_ttl_s=20.0)), Ledger(ledger_settings()), now_ns=now_ns)

    @property
    def memory(self):
        return self.stage.actors[0].state.memory

    def tell(self, message, after_s=0.0):
        if isinstance(message, Fill) and message.trade_id not in self.booked_from_venue:
            self.booked_from_venue.append(message.trade_id)
        said = self.stage.admit(message, after_s=after_s)
        for order in of(OrderState, said):
            before = self.steps.get(order.client_id, order.state)
            assert order.state == before or order.state in LEGAL[before], (
                f"{order.client_id}: {before} to {order.state}"
            )
            self.steps[order.client_id] = order.state
        self.venue.take(said)
        return said

    @rule(symbol=symbols, side=st.sampled_from(["buy", "sell"]), lots=st.integers(1, 3))
    def intend(self, symbol, side, lots):
        self.decision += 1
        expires_ns = self.stage.now_ns + 3 * SECOND_NS
        quantity = lots * Decimal("0.001")
        self.tell(an_intent(symbol=symbol, side=side, quantity=quantity, decision=self.decision, expires_ns=expires_ns))

    @precondition(lambda self: self.venue.under_way)
    @rule(number=any_number, how=st.sampled_from(HOWS))
    def an_order_arrives(self, number, how):
        self.venue.arrive(number, how)

    @rule(number=any_number, lots=st.integers(1, 3))
    def an_order_fills(self, number, lots):
        self.venue.fill(number, lots, self.stage.now_ns)

    @precondition(lambda self: self.venue.cancels)
    @rule(number=any_number, answered=st.booleans())
    def a_cancel_arrives(self, number, answered):
        self.venue.cancel(number, answered=answered)

    @precondition(lambda self: self.venue.queries)
    @rule(number=any_number)
    def a_question_arrives(self, number):
        self.venue.report(number, self.stage.now_ns)

    @precondition(lambda self: self.venue.queries)
    @rule()
    def a_question_is_lost(self):
        self.venue.queries.pop()

    @precondition(lambda self: self.venue.answers)
    @rule(number=any_number)
    def an_answer_comes(self, number):
        self.tell(self.venue.answers.pop(number % len(self.venue.answers)))

    @precondition(lambda self: self.venue.answers)
    @rule(number=any_number)
    def an_answer_comes_twice(self, number):
        answer = self.venue.answers[number % len(self.venue.answers)]
        self.tell(answer)

    @precondition(lambda self: self.venue.answers)
    @rule(number=any_number)
    def an_answer_is_lost(self, number):
        self.venue.answers.pop(number % len(self.venue.answers))

    @rule()
    def the_drop_copy_and_a_snapshot_come(self):
        for fill in self.venue.fills:
            self.tell(fill)
        snapshot = self.venue.snapshot(self.stage.now_ns)
        said = self.tell(snapshot)
        assert of(Reconciled, said)[0].agreed, of(Reconciled, said)[0].mismatches

    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0]))
    def time_passes(self, seconds):
        self.tell(a_beat("second"), after_s=seconds)

    @rule(state=st.sampled_from(["TRADING", "REDUCING", "HALTED"]))
    def the_account_changes(self, state):
        self.tell(a_gate_state(state))

    @rule()
    def the_process_restarts(self):
        """What was under way to us is gone; what was under way to the venue is not."""
        self.venue.answers.clear()
        self.venue.queries.clear()
        self.epoch += 1
        old, self.stage = self.stage, self._a_stage(self.stage.now_ns)
        for before, after in zip(old.actors, self.stage.actors):
            round_trips(before, after)
        self.stage.envelopes = old.envelopes
        self.tell(a_start(epoch=self.epoch))

    @invariant()
    def i5_i6_positions_and_cash_are_exactly_the_distinct_fills_that_came(self):
        held, cash = {}, Decimal(500)
        for fill in self.venue.fills:
            if fill.trade_id in self.booked_from_venue:
                signed = fill.quantity if fill.side == "buy" else -fill.quantity
                held[fill.symbol] = held.get(fill.symbol, NONE) + signed
                cash -= signed * fill.price + fill.fee
        state = self.stage.actors[1].state
        assert {symbol: book.quantity for symbol, book in state.books.items()} == held
        assert state.cash == {"EUR": cash}
        executed = [execution.trade_id for execution in self.stage.all(Execution)]
        assert sorted(executed) == sorted(self.booked_from_venue)

    @invariant()
    def i8_i9_what_may_still_fill_is_never_more_than_what_is_reserved(self):
        names = [*self.venue.held, *(order.client_id for order in self.venue.under_way)]
        for name in names:
            tracked = self.memory.find(name)
            assert tracked is not None, f"{name} was forgotten"
            most = self.venue.most(name)
            assert most <= tracked.filled + tracked.open, f"{name} {tracked.state}: {most} may fill at the venue"

    @invariant()
    def i3_an_instrument_has_one_order_that_may_live(self):
        alive = [order.symbol for order in self.venue.under_way]
        alive += [held.order.symbol for held in self.venue.held.values() if held.left]
        assert len(alive) == len(dict.fromkeys(alive)), f"two orders may live for one instrument: {alive}"

    def teardown(self):
        """I13, I31: once faults stop, every order is proved and books and venue agree."""
        for _ in range(80):
            while self.venue.under_way:
                self.venue.arrive(0, "accepted")
            while self.venue.cancels:
                self.venue.cancel(0, answered=True)
            while self.venue.queries:
                self.venue.report(0, self.stage.now_ns)
            while self.venue.answers:
                self.tell(self.venue.answers.pop(0))
            self.the_drop_copy_and_a_snapshot_come()
            self.tell(a_beat("second"), after_s=1.0)
        here = {name: tracked.open for name, tracked in self.memory.working.items()}
        there = {name: held.left for name, held in self.venue.held.items() if held.left}
        assert here == there
        assert all(tracked.state != "UNKNOWN" for tracked in self.memory.working.values())


MoneyMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMoneyMachine = MoneyMachine.TestCase
