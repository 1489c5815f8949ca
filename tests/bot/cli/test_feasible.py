"""`bot feasible`: what the account can trade, or what would make it so."""

import pytest

from tests.kit.command_line import bot


def test_what_can_be_traded_is_a_line_for_each_instrument():
    said = bot("feasible", "--equity", "500", "--budget", "5")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("EUR 500 with 5 at risk over 4 h, 10 over 24 h")
    assert [line.split()[0] for line in said.out.splitlines()[2:-1]] == ["BTC-EUR", "ETH-EUR", "SOL-EUR"]
    assert said.out.splitlines()[-1] == "3 of 3 viable, 3 smallest orders at once"


def test_json_has_every_number():
    report = bot("feasible", "--equity", "500", "--horizon", "8h", "--json").json
    assert (report["equity"], report["budget"], report["horizon_s"]) == (500.0, 5.0, 28_800.0)
    assert set(report["instruments"][0]) >= {"symbol", "viable", "smallest", "cvar", "cvar_slow", "largest", "stake"}


def test_when_nothing_can_be_traded_it_says_from_which_stake_on_and_exits_6():
    said = bot("feasible", "--equity", "20", "--json")
    assert said.code == 6
    assert said.json["viable"] == 0
    assert "nothing can be traded with 20 EUR and 0.2 at risk: the least is" in said.error
    stake = min(row["stake"] for row in said.json["instruments"])
    assert f"from {stake:.2f} at 1.00% at risk" in said.error
    assert bot("feasible", "--equity", str(stake * 1.01)).code == 0


@pytest.mark.parametrize(
    "option",
    [("--equity", "0"), ("--budget", "-1"), ("--horizon", "soon"), ("--smallest", "nan"), ("--equity", "1e300")],
)
def test_a_number_that_is_none_is_wrong_usage(option):
    assert bot("feasible", *option).code == 2


def test_a_profile_that_has_no_bars_or_a_file_that_is_none_is_said(tmp_path):
    assert "give a file with --prices" in bot("feasible", "--profile", "live").error
    assert bot("feasible", "--prices", tmp_path / "none.csv").code in (3, 4)


def test_no_budget_is_larger_than_the_account() -> None:
    said = bot("feasible", "--equity", "500", "--budget", "600")
    assert (said.code, "--budget was 600, expected at most --equity 500" in said.err) == (2, True)
