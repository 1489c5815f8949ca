"""Properties: the invariants hold over whole runs, in calm and in rough weather; and the oracle can fail."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bot.profile import Profile
from contracts.account import Equity, Position
from contracts.decision import GateState, Intent
from contracts.envelope import Envelope
from contracts.life import Beat, RunStarted
from contracts.market import FeedStatus
from contracts.ports import Clock, OrderVenue
from contracts.trade import Execution, Fill, Order, OrderQuery, OrderState, OrderUnknown, Reconciled
from tests.characterization.runs import a_quick_profile, calm, rough, shuffled
from tests.kit.oracle import audit
from tests.kit.turns import MemoryJournal
from tests.kit.worlds import TestWorld, said, simulate

Envelopes = list[Envelope[Any]]
Forgery = Callable[[Envelopes], Envelopes]


def forged(kind: type, nth: int = 0, **changed: Any) -> Forgery:
    """The run with some fields of one message changed."""

    def forge(envelopes: Envelopes) -> Envelopes:
        at = [place for place, each in enumerate(envelopes) if type(each.payload) is kind][nth]
        payload = msgspec.structs.replace(envelopes[at].payload, **changed)
        return [*envelopes[:at], msgspec.structs.replace(envelopes[at], payload=payload), *envelopes[at + 1 :]]

    return forge


def interposed(before: type, *payloads: Any, nth: int = 0) -> Forgery:
    """The run with messages put in before one of a type; the seqs behind them, and what points there, move on."""

    def forge(envelopes: Envelopes) -> Envelopes:
        at = [place for place, each in enumerate(envelopes) if type(each.payload) is before][nth]
        seq, count = envelopes[at].seq, len(payloads)
        new = [
            msgspec.structs.replace(envelopes[at], seq=seq + place, cause=seq - 1, payload=payload)
            for place, payload in enumerate(payloads)
        ]
        return [*envelopes[:at], *new, *(moved(each, seq, count) for each in envelopes[at:])]

    return forge


def moved(envelope: Envelope[Any], seq: int, by: int) -> Envelope[Any]:
    payload = envelope.payload
    for name in ("intent_seq", "fill_seq", "snapshot_seq", "mark_seq"):
        if getattr(payload, name, 0) >= seq:
            payload = msgspec.structs.replace(payload, **{name: getattr(payload, name) + by})
    cause = envelope.cause + by if envelope.cause >= seq else envelope.cause
    return msgspec.structs.replace(envelope, seq=envelope.seq + by, cause=cause, payload=payload)


def first(kind: type) -> Any:
    return calm().of(kind)[0].payload


def without_ends(envelopes: Envelopes) -> Envelopes:
    """The run in which no order state is ever said again after the first intent."""
    name = first(Order).client_id
    return [
        msgspec.structs.replace(each, payload=Beat("second", 0))
        if isinstance(each.payload, OrderState) and each.payload.client_id == name
        else each
        for each in envelopes
    ]


def after_first(state: str, **changed: Any) -> OrderState:
    """The first order of the run, said to be in that state."""
    last: OrderState = next(each.payload for each in calm().of(OrderState) if each.payload.state == "FILLED")
    return msgspec.structs.replace(last, state=state, **changed)


FORGERIES: dict[str, tuple[str, Forgery]] = {
    "an order without an intent": ("I1", forged(Order, intent_seq=1)),
    "an order larger than its intent": ("I1", forged(Order, quantity=Decimal(7))),
    "an order under a drawn name": ("I2", forged(Order, client_id="k1-000001-00-7")),
    "a name used twice": ("I2", forged(Order, nth=1, client_id="k1-000001-00-0")),
    "two orders in flight for one instrument": ("I3", forged(Order, nth=1, symbol="SOL-EUR")),
    "an execution of more than was ordered": ("I4", forged(Execution, quantity=Decimal(7))),
    "a state that hides a fill": ("I4", interposed(Equity, after_first("FILLED", filled=Decimal(0)), nth=4)),
    "a fill that was not booked": ("I5", forged(Execution, trade_id="T99")),
    "a fill booked at another price": ("I5", forged(Execution, price=Decimal(1))),
    "a position that is not the sum of its fills": ("I6", forged(Position, nth=3, quantity=Decimal(9))),
    "cash that is off by a cent": ("I6", forged(Equity, nth=-1, cash=Decimal("400.01"))),
    "an order that rises from its end": ("I7", interposed(Equity, after_first("OPEN"), nth=4)),
    "an unknown order that is given up without proof": (
        "I8", interposed(OrderState, after_first("UNKNOWN"), after_first("NOT_SENT"), nth=1),
    ),
    "an order sent in HALTED": ("I11", interposed(Order, GateState("HALTED", (), ()))),
    "trading with a halt latched": ("I12", forged(GateState, nth=-2, latches=("halt",))),
    "a latch that nobody lifted": (
        "I17", interposed(Beat, GateState("HALTED", (), ("loss",)), GateState("TRADING", (), ()), nth=5),
    ),
    "books that differ and are called equal": ("I13", forged(Reconciled, agreed=False)),
    "a decision on an instrument with a gap": (
        "I14", interposed(Intent, FeedStatus("simulated", "gap", 1, ("SOL-EUR",), "")),
    ),
    "a mark from after the decision": ("I14", forged(Intent, mark_seq=10_000)),
    "a quantity off the grid": ("I32", forged(Intent, quantity=Decimal("0.0000001"))),
    "a quantity that is no number": ("I32", forged(Intent, quantity=Decimal("NaN"))),
    "a canary's order above its cap": ("I35", forged(Intent, quantity=Decimal(2))),
    "an intent that never ended": ("I40", without_ends),
    "a hole in the seqs": ("I18", lambda envelopes: [*envelopes[:50], *envelopes[51:]]),
    "a second process under the same epoch": ("I22", interposed(Beat, first(RunStarted))),
}  # fmt: skip

STRICTER: dict[str, tuple[str, dict[str, Any]]] = {
    "C2": ("I10", {"order_notional_max": Decimal(10)}),
    "C3": ("I10", {"collar_ratio_max": 1e-9}),
    "C4": ("I10", {"through_bps_max": -5.0}),
    "C5": ("I10", {"orders_per_minute": 1.0, "orders_burst": 1}),
    "C6": ("I10", {"repeats_max": 1}),
    "C11": ("I10", {"loss_max": Decimal(-10)}),
    "C12": ("I10", {"cvar_budget_ratio": 1e-9}),
    "C14": ("I14", {"mark_age_s_max": 0.001}),
    "symbol": ("I9", {"symbol_notional_max": Decimal(1)}),
    "gross": ("I9", {"gross_notional_max": Decimal(1)}),
    "net": ("I9", {"net_notional_max": Decimal(1)}),
    "open orders": ("I9", {"open_notional_max": Decimal(1)}),
    "count": ("I9", {"open_orders_max": 0}),
    "cash": ("I9", {"cash_reserve": Decimal(499)}),
}


def stricter(**limits: Any) -> Profile:
    """The profile of the calm run, had its limits been these: what was right then is a breach now."""

    class Limits:
        def __getattr__(self, name: str) -> Any:
            return limits.get(name, getattr(calm().profile.risk, name))

    return msgspec.structs.replace(calm().profile, risk=Limits())


def test_a_calm_run_breaches_no_invariant() -> None:
    assert audit(calm().envelopes, calm().profile) == []


def test_a_run_in_rough_weather_breaches_no_invariant() -> None:
    assert audit(rough().envelopes, rough().profile) == []


def test_the_rough_run_is_worth_the_name() -> None:
    run = rough()
    assert len(said(run, Order)) >= 8
    assert said(run, OrderUnknown)
    assert said(run, OrderQuery)
    assert len(said(run, Fill)) > len(said(run, Execution)) >= 8
    assert {each.state for each in said(run, FeedStatus)} >= {"connecting", "live", "gap", "down"}


@pytest.mark.parametrize("what", FORGERIES)
def test_the_oracle_finds(what: str) -> None:
    invariant, forge = FORGERIES[what]
    assert invariant in {each.split()[0] for each in audit(forge(calm().envelopes), calm().profile)}


@pytest.mark.parametrize("control", STRICTER)
def test_the_oracle_judges_every_order_again_by(control: str) -> None:
    invariant, limits = STRICTER[control]
    breaches = [
        each for each in audit(calm().envelopes, stricter(**limits)) if each.startswith(f"{invariant} {control}")
    ]
    assert breaches


def test_i1_no_order_reaches_the_venue_before_its_turn_is_durable() -> None:
    asked: list[int] = []
    sent: dict[str, int] = {}

    class Slow(MemoryJournal):
        async def durable(self, seq: int) -> None:
            asked.append(seq)

    class Watched:
        def __init__(self, venue: OrderVenue) -> None:
            self._venue = venue

        def __getattr__(self, name: str) -> Any:
            return getattr(self._venue, name)

        async def submit(self, order: Order) -> Any:
            sent[order.client_id] = asked[-1]
            return await self._venue.submit(order)

    def watched(venue: OrderVenue, clock: Clock) -> Any:
        return Watched(venue)

    run = simulate(world=TestWorld(a_quick_profile(), journal=Slow(), venue_of=watched), seconds=1.6, checked=False)
    assert sent == {each.payload.client_id: each.seq for each in run.of(Order)}
    assert len(sent) > 1


def test_i2_the_same_run_names_the_same_orders_again_whatever_the_order_of_ready_tasks() -> None:
    theirs = [each.client_id for each in said(shuffled(), Order, before_s=1.5)]
    assert theirs == [each.client_id for each in said(calm(), Order, before_s=1.5)] != []


def test_i40_every_intent_ends_for_one_reason() -> None:
    for run in (calm(), rough()):
        ends = [each for each in said(run, OrderState) if each.state in ("FILLED", "CANCELLED", "REJECTED", "NOT_SENT")]
        names = {each.client_id for each in ends}
        alive = set(run.system.report.orders)
        assert len(said(run, Intent)) == len(names | alive)
        assert {state for _, state in {(each.client_id, each.state) for each in ends}} <= {
            "FILLED", "CANCELLED", "REJECTED", "NOT_SENT",
        }  # fmt: skip
        assert len({(each.client_id, each.state) for each in ends}) == len(names)
