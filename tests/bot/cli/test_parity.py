"""`bot parity` on the command line."""

import pytest

from tests.kit.command_line import bot


@pytest.mark.numbers
def test_bars_made_of_a_runs_own_ticks_part_from_them_at_a_named_place(tmp_path):
    run = bot("run", "--profile", "canary", "--for", "5m", "--speed", "max", "--runs", tmp_path, "--quiet",
              BOT__CADENCE__DECIDE_S="60")  # fmt: skip
    assert run.code == 0, run.err
    data = tmp_path / "mine"
    assert bot("data", "import", tmp_path / "canary" / "canary-000001", "--into", data).code == 0
    assert bot("data", "resample", data, "--bar", "1m").code == 0
    profile = tmp_path / "minutes.toml"
    profile.write_text(
        'extends = "canary"\nname = "minutes"\n[account]\nname = "minutes"\n[cadence]\ndecide_s = 60\n[history]\n'
        'half_spread_bps = 1.0\nimpact_bps = 0.0\nparticipation_max = 1.0\npath = "open"\n'
    )
    tell = ("backtest", "--data", data, "--profile", profile, "--runs", tmp_path)
    for kinds in ("quotes,trades,books", ""):
        told = bot(*tell, "--tell", kinds) if kinds else bot(*tell)
        assert told.code == 0, told.err

    found = bot("parity", "minutes-000001", "minutes-000002", "--runs", tmp_path, "--json").json
    assert found["matched"] > 2
    assert found["first"]["cause"]["stage"] == "market"
    assert "BarFrame" not in found["first"]["cause"]["text"], "the bars are made by the live builder, of the same ticks"
    said = bot("parity", "minutes-000001", "minutes-000002", "--runs", tmp_path)
    assert said.code == 0
    assert "they part at 2026-01-01T12:0" in said.out
