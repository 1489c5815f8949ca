"""Measures: what is exported is what was said; not ready until every reason is gone."""

import msgspec
import numpy as np
import pytest

from bot.measures import BOT_METRICS, Measures
from contracts.account import Equity
from contracts.belief import DriftState, InputDrift, RegimeState, ScoreCard
from contracts.column import floats
from contracts.decision import Refusal, Verdict
from contracts.market import FeedStatus
from contracts.trade import OrderState
from tests.kit.lives import live
from tests.kit.market import an_envelope
from tests.kit.worlds import a_profile


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A life that is over, and the measures that heard all of it."""
    life = live(a_profile(), tmp_path_factory.mktemp("measured"), seconds=8)
    measures = Measures(life.system, life.opened)
    for envelope in life.envelopes:
        if type(envelope.payload) in Measures.kinds:
            measures(envelope)
    return life, measures, measures.look(0.25)


def figures(measures: Measures) -> dict[str, float]:
    """Every exported figure by its name with labels."""
    rows = measures.metrics.exposition().decode().splitlines()
    return {row.rpartition(" ")[0]: float(row.rpartition(" ")[2]) for row in rows if not row.startswith("#")}


def of(life, kind):
    return [each.payload for each in life.envelopes if type(each.payload) is kind]


def test_figures_are_what_was_said(measured) -> None:
    life, measures, _ = measured
    found = figures(measures)
    equity, verdict = of(life, Equity)[-1], [each for each in of(life, Verdict) if each.cvar_max > 0][-1]
    assert found["bot_equity_eur"] == pytest.approx(float(equity.equity))
    used = max(verdict.cvar_after / verdict.cvar_max, verdict.cvar_slow_after / verdict.cvar_slow_max)
    assert found["bot_cvar_used_ratio"] == pytest.approx(used)
    assert found["bot_turns_total"] == life.system.bus.turn
    assert found["bot_loop_lag_seconds"] == 0.25
    filled = sum(1 for each in of(life, OrderState) if each.state == "FILLED")
    assert found['bot_orders_total{state="FILLED"}'] == filled > 0


def test_refusals_are_counted_by_rule(measured) -> None:
    life, measures, _ = measured
    found = {name: value for name, value in figures(measures).items() if name.startswith("bot_refusals_total")}
    assert sum(found.values()) == sum(len(each.reasons) for each in of(life, Refusal))


def test_every_figure_of_the_table_is_exported(measured) -> None:
    text = measured[1].metrics.exposition().decode()
    for metric in BOT_METRICS:
        assert f"# TYPE {metric.name.removesuffix('_total')}" in text or f"# TYPE {metric.name}" in text


def test_an_ending_process_is_not_ready_and_says_why(measured) -> None:
    _, _, status = measured
    assert not status.ready
    assert "stopping" in status.reasons
    assert status.summary["run"] == "canary-000001"


def test_a_gap_is_counted_by_feed(measured) -> None:
    _, measures, _ = measured
    before = figures(measures).get('bot_md_gaps_total{feed="elsewhere"}', 0.0)
    measures(an_envelope(FeedStatus("elsewhere", "gap", 1, ("BTC-EUR",), "7 to 9")))
    assert figures(measures)['bot_md_gaps_total{feed="elsewhere"}'] == before + 1


def a_card(author: str, **changed) -> ScoreCard:
    figures = {"crps": 0.21, "coverage": floats([0.5, 0.91, 0.98]), "ic": 0.03, "skill": 0.012} | changed
    nothing = {"pinball": floats(np.zeros(9)), "pit": floats(np.zeros(10)), "labels": 9.0, "based_on": (1,)}
    return ScoreCard(author=author, **figures, **nothing)


def test_beliefs_are_told_by_author_and_the_blend_by_its_skill(measured) -> None:
    _, measures, _ = measured
    measures(an_envelope(a_card("momentum", skill=float("nan"))))
    measures(an_envelope(a_card("blend", crps=0.19)))
    found = figures(measures)
    assert found['bot_signal_crps{agent="momentum"}'] == 0.21
    assert found['bot_signal_crps{agent="blend"}'] == 0.19
    assert found['bot_signal_coverage_ratio{agent="momentum"}'] == 0.91
    assert found['bot_signal_ic{agent="momentum"}'] == 0.03
    assert found["bot_blend_skill_ratio"] == 0.012


def test_regime_and_drift_are_told_as_said(measured) -> None:
    _, measures, _ = measured
    p = floats([0.2, 0.1, 0.7])
    measures(
        an_envelope(
            RegimeState(
                probabilities=p, label="wild", run_bars=9.0, fresh=0.1, flipped=True, parameters="x", based_on=(1,)
            )
        )
    )
    measures(an_envelope(DriftState(level="pool", reasons=(), sigma_factor=1.25, size_factor=1.0, based_on=(1,))))
    found = figures(measures)
    assert [found[f'bot_regime_ratio{{regime="{name}"}}'] for name in ("calm", "normal", "wild")] == [0.2, 0.1, 0.7]
    assert (found["bot_regime_flipped"], found["bot_drift_level"]) == (1.0, 3.0)


def test_the_tighter_of_the_two_horizons_is_shown_and_what_became_of_plans_is_counted(measured) -> None:
    life, _, _ = measured
    measures = Measures(life.system, life.opened)
    verdict = msgspec.structs.replace(
        of(life, Verdict)[-1], cvar_after=2.0, cvar_max=5.0, cvar_slow_after=9.0, cvar_slow_max=10.0, plan="used"
    )
    measures(an_envelope(verdict))
    assert figures(measures)["bot_cvar_used_ratio"] == 0.9
    measures(an_envelope(msgspec.structs.replace(verdict, cvar_after=4.75, plan="stale")))
    measures(an_envelope(msgspec.structs.replace(verdict, cvar_after=float("nan"), plan="stale")))
    found = figures(measures)
    assert found["bot_cvar_used_ratio"] == 0.9
    assert (found['bot_plans_total{outcome="used"}'], found['bot_plans_total{outcome="stale"}']) == (1, 2)


def test_how_far_inputs_are_from_their_training_is_shown_by_input(measured) -> None:
    life, _, _ = measured
    measures = Measures(life.system, life.opened)
    figure = floats([0.31, np.nan])
    measures(
        an_envelope(
            InputDrift(
                model="ab", names=("ret_15", "vix_z"), divergence=figure, distance=figure, p=figure, absent=figure,
                drifted=("ret_15",), dropped=("trend",), based_on=(1,),
            )
        )
    )  # fmt: skip
    dropping = DriftState(
        level="warn", reasons=(), sigma_factor=1.0, size_factor=1.0, based_on=(1,), dropped=("trend",)
    )
    measures(an_envelope(dropping))
    found = figures(measures)
    assert (found['bot_drift_psi{input="ret_15"}'], found['bot_drift_ks{input="ret_15"}']) == (0.31, 0.31)
    assert 'bot_drift_psi{input="vix_z"}' not in found
    assert found["bot_drift_agents_dropped"] == 1.0
