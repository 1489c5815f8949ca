"""Limits of the gate: no default, no contradiction, and ceilings that no profile lifts."""

from decimal import Decimal

import msgspec
import pytest

from actors.risk.settings import CanaryRiskSettings, RiskSettings
from tests.kit.risk import risk_settings


def test_no_limit_has_a_default():
    assert all(field.required for field in msgspec.structs.fields(RiskSettings))


def test_an_unknown_key_is_refused():
    plain = msgspec.to_builtins(risk_settings()) | {"notional_max": 5}
    with pytest.raises(msgspec.ValidationError, match="notional_max"):
        msgspec.convert(plain, RiskSettings, strict=False)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"scenarios": 2_047}, "scenarios was 2047, expected an even number"),
        ({"scenarios": 998}, "scenarios was 998"),
        ({"scenarios": 65_538}, "scenarios was 65538, expected at most 65536"),
        ({"through_bps_max": 5.0}, "through_bps_max was 5.0, expected at least 10.0"),
        ({"cvar_budget_ratio": 1.01}, "cvar_budget_ratio was 1.01"),
        ({"cvar_alpha": 1.0}, "cvar_alpha was 1.0"),
        ({"cash_reserve": Decimal(-1)}, "cash_reserve was -1.0"),
        ({"fat_finger_multiple": 0.9}, "fat_finger_multiple was 0.9"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name_and_value(changed, text):
    with pytest.raises(ValueError, match=text):
        risk_settings(**changed)


def test_i35_the_canary_takes_the_smaller_of_limit_and_ceiling():
    wrong = {"order_notional_max": Decimal(10**6), "gross_notional_max": Decimal(10**6)}
    canary = risk_settings(CanaryRiskSettings, **wrong)
    assert (canary.order_ceiling(), canary.gross_ceiling()) == (100, 500)
    assert risk_settings(CanaryRiskSettings, order_notional_max=Decimal(20)).order_ceiling() == 20
    assert risk_settings(**wrong).order_ceiling() == 10**6
