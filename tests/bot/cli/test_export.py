"""`bot export`, and `bot backtest` over what it keeps."""

import pytest

from tests.kit.command_line import bot


@pytest.mark.numbers
def test_an_export_is_told_again_and_a_changed_one_is_found_to_decide_otherwise(tmp_path):
    run = bot("run", "--profile", "canary", "--for", "15s", "--speed", "max", "--runs", tmp_path, "--json")
    kept = bot("export", "last", "--to", tmp_path / "kept", "--runs", tmp_path, "--json")
    assert kept.json["decision_hash"] == run.json["decision_hash"]

    told = bot("backtest", "--data", tmp_path / "kept", "--runs", tmp_path, "--json")
    assert told.code == 0, told.err
    assert told.json["parity"]["same"] and told.json["decision_hash"] == run.json["decision_hash"]

    profile = tmp_path / "kept" / "profile.json"
    text = profile.read_text()
    profile.write_text(text.replace('"symbol_notional_max": "100"', '"symbol_notional_max": "30"'))
    assert profile.read_text() != text
    told = bot("backtest", "--data", tmp_path / "kept", "--runs", tmp_path)
    assert told.code == 8
    assert "decided something else: Refusal" in told.err

    refused = bot("backtest", "--data", tmp_path / "kept", "--from", "2024-01-01", "--runs", tmp_path)
    assert refused.code == 2
    assert "--from cannot be given for an export" in refused.err
