"""Profiles: one typed value from files and environment, whose digest is what decisions depend on."""

import msgspec
import pytest

from actors.risk.settings import CanaryRiskSettings
from bot.configuration import BadConfiguration, shipped
from bot.profile import described, load, store, stored
from tests.kit.worlds import a_profile


@pytest.mark.parametrize("name", shipped())
def test_a_stored_profile_comes_back_equal(tmp_path, name) -> None:
    profile = load(name, {})
    store(profile, tmp_path)
    assert stored(tmp_path) == profile
    assert stored(tmp_path).digest == profile.digest


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b"\xff", b'{"name": 5}'])
def test_a_stored_profile_that_is_broken_says_what_to_do(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "profile.json").write_bytes(content)
    with pytest.raises(BadConfiguration, match=r"profile\.json: .*restore it, or begin another run with --new"):
        stored(tmp_path)


def test_housekeeping_does_not_change_the_digest_and_everything_else_does() -> None:
    digest = a_profile().digest
    for name, value in {"process__drain_s": 1.0, "health__port": 1, "runs__directory": "x"}.items():
        assert a_profile(**{name: value}).digest == digest
    for name, value in {"seed": 18, "cadence__decide_s": 2, "risk__loss_max": "9", "orders__dry_run": True}.items():
        assert a_profile(**{name: value}).digest != digest


def test_a_canarys_limits_lie_under_compiled_in_ceilings() -> None:
    wide = a_profile(risk__order_notional_max="100000", risk__gross_notional_max="100000")
    assert isinstance(wide.limits, CanaryRiskSettings)
    assert wide.limits.order_ceiling() < wide.risk.order_notional_max
    assert not isinstance(a_profile("paper").limits, CanaryRiskSettings)


def test_every_agent_is_heard_by_the_weighter() -> None:
    profile = a_profile()
    assert profile.weighting.agents == tuple(profile.agents)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("name", "x/../y", "name was 'x/../y'"),
        ("seed", -1, "seed was -1"),
        ("seed", 2**64, "seed was"),
        ("horizon_s", float("nan"), "horizon_s was nan"),
        ("cadence__decide_s", 1e300, r"decide_s was 1e\+300, expected 0.01 to 86400"),
        ("cadence__decide_s", 1e-12, "decide_s was 1e-12"),
        ("ledger__currency", "USD", "ledger.currency USD differs from account EUR"),
        ("bars__bar_s", 30.0, "have one bar_s"),
    ],
)
def test_what_does_not_fit_together_is_refused(name, value, told) -> None:
    with pytest.raises(BadConfiguration, match=told):
        a_profile(**{name: value})


@pytest.mark.parametrize("section", ["RISK__LOSS_MAX", "SENTINEL__LOSS_MAX", "ACCOUNT__NAME"])
def test_a_live_profile_takes_no_limit_from_the_environment(section) -> None:
    with pytest.raises(BadConfiguration, match="from the profile file alone, not from environment BOT__"):
        load("live", {f"BOT__{section}": "9"})
    load("canary", {f"BOT__{section}": "9"})


def test_a_live_profile_takes_no_limit_from_the_command_line() -> None:
    typed = {"BOT__RISK__LOSS_MAX": "--set risk.loss_max"}
    with pytest.raises(BadConfiguration, match=r"alone, not from --set risk\.loss_max"):
        load("live", {"BOT__RISK__LOSS_MAX": "1"}, typed)


def test_every_value_is_described_with_its_origin() -> None:
    rows = {path: (value, origin) for path, value, origin in described("soak", {"BOT__FEED__FX__USD": "0.9"})}
    assert str(rows["feed.fx.USD"][0]) == "0.9"
    assert rows["feed.fx.USD"][1] == "environment BOT__FEED__FX__USD"
    assert {origin for _, origin in rows.values()} >= {"canary.toml", "soak.toml", "default"}
    assert not any(isinstance(value, msgspec.Struct) for value, _ in rows.values())


def test_a_plan_must_live_until_the_next_decision_and_be_about_the_whole_tail() -> None:
    with pytest.raises(BadConfiguration, match=r"planning\.age_s_max was 90, expected at least cadence\.decide_s 120"):
        a_profile(planning__enabled=True, cadence__decide_s=120)
    with pytest.raises(BadConfiguration, match=r"planning\.rows_max was 100, expected at least twice the 51 scenarios"):
        a_profile(planning__enabled=True, planning__rows_max=100)
    assert not a_profile(cadence__decide_s=120).planning.enabled
