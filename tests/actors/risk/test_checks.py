"""Each control passes at its limit, fails one unit above it, and fails when a number is missing."""

from decimal import Decimal

import pytest

from actors.risk import checks
from contracts.quantities import SECOND_NS
from tests.kit.market import NOON_NS, an_instrument, at
from tests.kit.orders import a_gate_state, an_order_state

NAN = float("nan")
D = Decimal


def aggressive(limit, side="buy"):
    return checks.aggressiveness("X", side, limit, 100.0, 20.0)


def near(limit=102.0, mid=100.0, close=100.0):
    return checks.collar("X", limit, mid, close, 0.02, 0.05)


def tail(cvar=5.0, var=4.0, budget=5.0, rows=1_000):
    return checks.tail_risk(cvar, var, budget, rows, 1_000)


def age(known_ns):
    return checks.too_old("mark of BTC-EUR", at(6), known_ns, 5.0)


OWN = [10.0] * 10
INTERVAL_NS = SECOND_NS

AT_THE_LIMIT = {
    "C1 size": checks.order_size("X", D(5), D(5)),
    "C2 notional": checks.order_notional("X", 100.0, D(100)),
    "smallest order": checks.smallest_order("X", D("5.10"), D(5), "EUR"),
    "C3 limit": near(102.0),
    "C3 reference": near(105.0, 105.0, 100.0),
    "C4 buy": aggressive(100.2),
    "C4 sell": aggressive(99.8, "sell"),
    "C4 median": checks.fat_finger("X", 100.0, checks.usual_size(OWN), 10.0),
    "C4 no median yet": checks.fat_finger("X", 1e9, checks.usual_size(OWN[:9]), 10.0),
    "C5 last token": checks.throttle(NOON_NS, NOON_NS + 2 * INTERVAL_NS, 60.0, 3),
    "C6 repeats": checks.repeats(5, 5, 60.0),
    "C7 duplicate": checks.duplicate("X", [2.0], 2.0),
    "C9 count": checks.open_orders(8, 8, 1.0, D(10)),
    "C9 notional": checks.open_orders(1, 8, 10.0, D(10)),
    "C10 capital": checks.capital(90.0, 100.0, D(10)),
    "C11 loss": checks.daily_loss(10.0, D(10)),
    "C12 cvar": tail(),
    "C12 cvar equals var": tail(var=5.0),
    "C13 no cross": checks.self_trade("BTC-EUR", "buy", D(100), [an_order_state(side="sell", limit=D("100.01"))]),
    "C13 same side": checks.self_trade("BTC-EUR", "buy", D(100), [an_order_state(side="buy", limit=D(99))]),
    "C14 age": age(at(1)),
    "C15 state": checks.symbol_state("X", "live", valid=True),
    "C15 short": checks.short_sale(an_instrument(can_short=False), D(0)),
    "C16 trading": checks.account_state(a_gate_state("TRADING"), reducing=False),
    "C16 reducing": checks.account_state(a_gate_state("REDUCING"), reducing=True),
    "I3 stranger": checks.in_flight("BTC-EUR", [an_order_state(decision=0)]),
    "reduces": checks.reduces("X", "sell", D(1), D(1)),
}

BEYOND = [
    (checks.order_size("X", D("5.001"), D(5)), "C1", "quantity of X is 5.001, more than 0 and at most 5"),
    (checks.order_size("X", D(0), D(5)), "C1", "quantity of X is 0, more than 0 and at most 5"),
    (checks.order_size("X", D("NaN"), D(5)), "C1", "quantity of X is NaN, more than 0 and at most 5"),
    (checks.order_notional("X", 100.01, D(100)), "C2", "notional of X is 100.01, at most 100.00"),
    (checks.order_notional("X", NAN, D(100)), "C2", "notional of X is nan, at most 100.00"),
    (
        checks.smallest_order("X", D("5.09"), D(5), "EUR"),
        "MIN",
        "notional of X is 5.09 EUR, at least 5.10 EUR",
    ),
    (near(102.01), "C3", "limit of X is 2.01% from the mid, at most 2.00%"),
    (near(NAN), "C3", "limit of X is nan% from the mid, at most 2.00%"),
    (near(106.0, 105.01, 100.0), "C3", "mid of X is 5.01% from the last close, at most 5.00%"),
    (near(100.0, 1_000.0, 100.0), "C3", "limit of X is 90.00% from the mid, at most 2.00%"),
    (near(100.0, NAN), "C3", "reference of X is unknown: mid nan, last close 100"),
    (near(100.0, 100.0, NAN), "C3", "reference of X is unknown: mid 100, last close nan"),
    (near(100.0, 0.0), "C3", "reference of X is unknown: mid 0, last close 100"),
    (aggressive(100.21), "C4", "limit of X is 21.0 bps through the touch, at most 20.0 bps"),
    (aggressive(99.79, "sell"), "C4", "limit of X is 21.0 bps through the touch, at most 20.0 bps"),
    (aggressive(NAN), "C4", "limit of X is nan bps through the touch, at most 20.0 bps"),
    (
        checks.fat_finger("X", 100.01, checks.usual_size(OWN), 10.0),
        "C4",
        "notional of X is 100.01, at most 100.00 (10 times the usual)",
    ),
    (
        checks.fat_finger("X", NAN, checks.usual_size(OWN), 10.0),
        "C4",
        "notional of X is nan, at most 100.00 (10 times the usual)",
    ),
    (
        checks.throttle(NOON_NS, NOON_NS + 2 * INTERVAL_NS + 10_000, 60.0, 3),
        "C5",
        "3.0 orders at once, at most 3 (and 60 a minute)",
    ),
    (checks.repeats(6, 5, 60.0), "C6", "6 orders in 60 s, at most 5"),
    (
        checks.duplicate("X", [9.0, 1.9], 2.0),
        "C7",
        "the same order of X was said 1.9 s ago, at least 2.0 s",
    ),
    (checks.open_orders(9, 8, 1.0, D(10)), "C9", "9 open orders, at most 8"),
    (checks.open_orders(1, 8, 10.01, D(10)), "C9", "open orders are worth 10.01, at most 10.00"),
    (checks.open_orders(1, 8, NAN, D(10)), "C9", "open orders are worth nan, at most 10.00"),
    (checks.capital(90.01, 100.0, D(10)), "C10", "cash needed is 90.01, at most 90.00"),
    (checks.capital(NAN, 100.0, D(10)), "C10", "cash needed is nan, at most 90.00"),
    (checks.capital(1.0, NAN, D(10)), "C10", "cash needed is 1.00, at most nan"),
    (checks.daily_loss(10.01, D(10)), "C11", "loss of the day is 10.01, at most 10.00"),
    (checks.daily_loss(NAN, D(10)), "C11", "loss of the day is nan, at most 10.00"),
    (tail(cvar=5.01), "C12", "cvar 5.01, at most 5.00"),
    (tail(cvar=NAN), "C12", "cvar nan, at most 5.00"),
    (tail(var=NAN), "C12", "cvar 5.00 is below var nan"),
    (tail(var=5.01), "C12", "cvar 5.00 is below var 5.01"),
    (tail(budget=NAN), "C12", "cvar 5.00, at most nan"),
    (tail(rows=999), "C12", "999 scenarios, at least 1000"),
    (
        checks.self_trade("BTC-EUR", "buy", D(100), [an_order_state("CANCELLING", side="sell", limit=D(100))]),
        "C13",
        "limit 100 of BTC-EUR crosses own sell k1-000001-00-0 at 100",
    ),
    (
        checks.self_trade("BTC-EUR", "sell", D(100), [an_order_state("UNKNOWN", side="buy", limit=D(100))]),
        "C13",
        "limit 100 of BTC-EUR crosses own buy k1-000001-00-0 at 100",
    ),
    (
        checks.self_trade("BTC-EUR", "sell", D("NaN"), [an_order_state(side="buy", limit=D(1))]),
        "C13",
        "limit NaN of BTC-EUR crosses own buy k1-000001-00-0 at 1",
    ),
    (age(NOON_NS), "C14", "mark of BTC-EUR is 6.0 s old, at most 5.0 s"),
    (age(at(1) - 1), "C14", "mark of BTC-EUR is 5.0 s old, at most 5.0 s"),
    (age(0), "C14", "mark of BTC-EUR is unknown"),
    (checks.symbol_state("X", "gap", valid=True), "C15", "feed of X is gap, expected live"),
    (
        checks.symbol_state("X", "live", valid=False),
        "C15",
        "quote of X is empty or crossed, expected bid below ask",
    ),
    (
        checks.short_sale(an_instrument(can_short=False), D("-0.001")),
        "C15",
        "BTC-EUR cannot be sold short: -0.001 after the order, at least 0",
    ),
    (
        checks.account_state(a_gate_state("REDUCING", "feed is down"), reducing=False),
        "C16",
        "the account is REDUCING: feed is down",
    ),
    (checks.account_state(a_gate_state("HALTED"), reducing=True), "C16", "the account is HALTED"),
    (checks.account_state(a_gate_state("RECOVERING"), reducing=True), "C16", "the account is RECOVERING"),
    (checks.account_state(a_gate_state("RECONCILING"), reducing=True), "C16", "the account is RECONCILING"),
    (
        checks.in_flight("BTC-EUR", [an_order_state("UNKNOWN")]),
        "I3",
        "k1-000001-00-0 of BTC-EUR is UNKNOWN",
    ),
    (checks.reduces("X", "sell", D("1.001"), D(1)), "C8", "sell 1.001 of X reduces 1, at most to nothing"),
    (checks.reduces("X", "buy", D(1), D(1)), "C8", "buy 1 of X reduces 1, at most to nothing"),
]


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_at_its_limit_a_control_passes(name):
    assert AT_THE_LIMIT[name] is None


@pytest.mark.parametrize(("reason", "control", "text"), BEYOND, ids=[f"{each[1]}: {each[2]}" for each in BEYOND])
def test_beyond_its_limit_a_control_refuses_with_both_numbers(reason, control, text):
    assert reason is not None
    assert (reason.control, reason.text) == (control, text)
