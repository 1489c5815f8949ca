"""From targets to orders: the difference in whole lots, cut to the budgets, every cut told."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.deciding import Deciding
from actors.risk.judging import signed
from actors.risk.reserved import Reserved
from actors.risk.targets import differences
from actors.risk_gate import RiskGate
from actors.target_gate import TargetGate
from tests.kit.risk import a_target_stage

WIDE: dict[str, Any] = {"order_notional_max": Decimal(10_000), "share_max": 1.0}


def found(stage, **wanted):
    """The differences of those lots (of a thousandth) on a stage."""
    gate = stage.actors[0]
    lots = {symbol.replace("_", "-"): count for symbol, count in wanted.items()}
    case = gate.case(stage.now_ns, list(lots))
    room = gate.room(case)
    return differences(case, lots, Reserved(case, [], 0), room, gate._settings), case, room


def orders(result):
    return {each.symbol: (each.side, each.quantity, each.reduce_only) for each in result.proposals}


def test_both_gates_decide_alike() -> None:
    assert issubclass(RiskGate, Deciding)
    assert issubclass(TargetGate, Deciding)


@pytest.mark.parametrize(
    ("held", "wanted", "order"),
    [
        (None, 120, ("buy", Decimal("0.120"), False)),
        ("0.1", 120, ("buy", Decimal("0.020"), False)),
        ("0.1", 40, ("sell", Decimal("0.060"), True)),
        ("0.1", 0, ("sell", Decimal("0.100"), True)),
        ("0.1", -80, ("sell", Decimal("0.100"), True)),
        ("-0.1", 80, ("buy", Decimal("0.100"), True)),
        ("0.1005", 40, ("sell", Decimal("0.060"), True)),
        ("0.0005", 40, ("buy", Decimal("0.040"), False)),
        ("-0.1", -120, ("sell", Decimal("0.020"), False)),
    ],
)
def test_the_difference_is_traded_in_whole_lots_and_through_zero_in_two_steps(held, wanted, order) -> None:
    stage = a_target_stage(**({"BTC_EUR": held} if held else {}))
    result, _, _ = found(stage, BTC_EUR=wanted)
    assert orders(result) == {"BTC-EUR": order}
    assert result.refused == []


def test_what_is_held_as_wanted_needs_no_order() -> None:
    result, _, _ = found(a_target_stage(BTC_EUR="0.1005"), BTC_EUR=100)
    assert (result.proposals, result.refused) == ([], [])


def test_one_order_is_no_larger_than_one_order_may_be_and_the_rest_is_told() -> None:
    result, _, _ = found(a_target_stage(order_notional_max=Decimal(20)), BTC_EUR=300)
    (order,) = result.proposals
    assert order.quantity == Decimal("0.199")
    (rest,) = result.refused
    assert (rest.proposal.leg, rest.reasons[0].control) == (1, "C2")
    assert rest.reasons[0].text == "101 lots of BTC-EUR are beyond one order of 20"


def test_what_the_budget_has_no_room_for_is_cut_and_told_with_both_numbers() -> None:
    result, case, room = found(a_target_stage(**WIDE), BTC_EUR=9_000)
    (order,) = result.proposals
    assert Decimal(1) < order.quantity < Decimal(9)
    assert room.tail.used(signed([order], case.view), room.budgets) <= 1.0
    (cut,) = result.refused
    assert cut.proposal.leg == 1
    assert cut.reasons[0].control == "C12"
    assert cut.reasons[0].text.startswith("cvar ")


def test_a_step_of_what_breathes_with_the_budget_is_not_traded() -> None:
    first, _, _ = found(a_target_stage(**WIDE), BTC_EUR=9_000)
    held = str(first.proposals[0].quantity * Decimal("0.95"))
    result, _, _ = found(a_target_stage(**WIDE, BTC_EUR=held), BTC_EUR=9_000)
    assert result.proposals == []
    (refused,) = result.refused
    assert (refused.proposal.leg, "C12" in [reason.control for reason in refused.reasons]) == (0, True)


def test_a_book_far_beyond_the_budget_is_cut_whatever_is_wanted() -> None:
    result, _, room = found(a_target_stage(**WIDE, BTC_EUR="9"), BTC_EUR=9_000)
    (order,) = result.proposals
    assert (order.side, order.reduce_only) == ("sell", True)
    left = 9 - order.quantity
    assert 0.5 < float(left) < 8
    assert room.tail.used(np.zeros(1), room.budgets) > 1.25


def test_an_instrument_of_which_too_few_bars_were_heard_is_not_bought() -> None:
    result, _, _ = found(a_target_stage(bars=10), BTC_EUR=100)
    assert result.proposals[0].why == "sigma of BTC-EUR is unknown: too few bars were heard"


@settings(max_examples=40)
@given(
    wanted=st.tuples(st.integers(-6_000, 6_000), st.integers(-6_000, 6_000)),
    held=st.tuples(st.integers(-900, 900), st.integers(-900, 900)),
)
def test_what_is_added_always_fits_and_no_order_leads_beyond_its_target(wanted, held) -> None:
    quantities: dict[str, Any] = {
        name: str(Decimal(lots) / 1000) for name, lots in zip(("BTC_EUR", "ETH_EUR"), held, strict=True)
    }
    stage = a_target_stage(**WIDE, **quantities)
    result, case, room = found(stage, BTC_EUR=wanted[0], ETH_EUR=wanted[1])
    adding = [each for each in result.proposals if not each.reduce_only]
    if adding:
        assert room.tail.used(signed(adding, case.view), room.budgets) <= 1.0 + 1e-9
    for each in result.proposals:
        place = ("BTC-EUR", "ETH-EUR").index(each.symbol)
        toward = wanted[place] if held[place] * wanted[place] >= 0 else 0
        signed_lots = int(each.quantity * 1000) * (1 if each.side == "buy" else -1)
        assert signed_lots * (toward - held[place]) > 0 or each.reduce_only
        assert abs(signed_lots) <= max(abs(toward - held[place]), abs(held[place]))


def test_many_that_are_too_much_together_are_cut_by_the_same_share() -> None:
    symbols = [f"C{number:02d}-EUR" for number in range(12)]
    stage = a_target_stage(*symbols, **WIDE)
    result, case, room = found(stage, **{symbol.replace("-", "_"): 3_000 for symbol in symbols})
    quantities = [each.quantity for each in result.proposals]
    assert len(quantities) == len(result.refused) == 12
    assert max(quantities) == min(quantities) > Decimal("0.1")
    used = room.tail.used(signed(result.proposals, case.view), room.budgets)
    assert 0.5 < used <= 1.0
    assert [each.proposal.leg for each in result.refused] == list(range(12, 24))
