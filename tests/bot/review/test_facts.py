"""The facts of a run are those of its files, of any version."""

from bot.review.facts import facts_of


def test_the_tail_that_is_budgeted_for_is_over_the_longer_horizon(tmp_path) -> None:
    (tmp_path / "profile.json").write_text(
        '{"name": "mine", "seed": 3, "horizon_s": 1800, "risk": {"risk_horizon_s_min": 14400, "cvar_alpha": 0.975}}'
    )
    (tmp_path / "backtest.json").write_text('{"data": "btc"}')
    facts = facts_of(tmp_path)
    assert (facts.profile, facts.seed, facts.data) == ("mine", 3, "btc")
    assert (facts.risk_horizon_s, facts.alpha) == (14400.0, 0.975)


def test_what_the_history_did_not_tell_of_funding_is_known(tmp_path) -> None:
    (tmp_path / "backtest.json").write_text('{"data": "btc", "without_funding": ["BTCUSDT"]}')
    assert facts_of(tmp_path).without_funding == ("BTCUSDT",)


def test_what_the_files_do_not_say_is_left_open(tmp_path) -> None:
    (tmp_path / "profile.json").write_text("nothing of the kind")
    facts = facts_of(tmp_path)
    assert (facts.profile, facts.seed, facts.risk_horizon_s, facts.alpha) == ("", None, None, None)
