"""The scorer: one card per author now and then, on comparable units, replayed bit for bit."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from actors.scorer import Scorer, ScorerSettings
from contracts import codec
from contracts.belief import Outcome, ScoreCard
from contracts.column import floats
from quant import scores
from quant.quantiles import LEVELS
from tests.kit.beliefs import an_outcome
from tests.kit.market import an_envelope, at

HORIZON_S = 10.0


def outcomes(count, *, author="momentum", width=3, sigma=1.0, wide=None, seed=0, every_s=HORIZON_S) -> list[Outcome]:
    """Beliefs of skill .3; the blend says normal quantiles of `sigma`, against a pool of `wide` times that."""
    chance, said = np.random.default_rng(seed), []
    for number in range(count):
        mu = 0.3 * chance.normal(size=width)
        y = mu + chance.normal(size=width)
        one = an_outcome(
            author=author,
            width=width,
            mu=mu,
            sigma=sigma,
            realised=y,
            horizon_s=HORIZON_S,
            said_ns=at(number * every_s),
        )
        if wide is not None:
            nodes = stats.norm.ppf(LEVELS)[:, None]
            pool = np.repeat(nodes * sigma * wide, width, axis=1)
            one = replace(one, quantiles=floats(mu + nodes * sigma), pool_quantiles=floats(pool))
        said.append(one)
    return said


def tell(scorer: Scorer, said) -> list[ScoreCard]:
    cards: list[ScoreCard] = []
    for seq, outcome in enumerate(said, start=1):
        cards.extend(scorer.receive(an_envelope(outcome, seq=seq)))
        scorer.check()
    return cards


def a_scorer(every_labels=10, half_life_horizons=1e9) -> Scorer:
    return Scorer(ScorerSettings(every_labels=every_labels, half_life_horizons=half_life_horizons))


def test_a_card_is_said_every_so_many_outcomes():
    cards = tell(a_scorer(), outcomes(35))
    assert [card.based_on for card in cards] == [(10,), (20,), (30,)]
    assert [card.labels for card in cards] == pytest.approx([30.0, 60.0, 90.0])
    assert {card.author for card in cards} == {"momentum"}
    assert codec.encode(codec.decode("ScoreCard", codec.encode(cards[0]))) == codec.encode(cards[0])


def test_an_agent_is_scored_as_normal_in_units_of_what_came_true():
    said = outcomes(400, sigma=1.2)
    card = tell(a_scorer(), said)[-1]
    mu, y = (np.concatenate([getattr(each, name).values for each in said]) for name in ("mu", "realised"))
    scale = np.sqrt(np.mean(y**2))
    assert card.crps == pytest.approx(scores.crps_normal(mu, np.full(len(mu), 1.2), y).mean() / scale, rel=0.03)
    assert card.ic == pytest.approx(scores.information_coefficient(mu, y), abs=0.02)
    assert card.coverage[1] == pytest.approx(stats.norm.cdf(1.645 * 1.2) * 2 - 1, abs=0.02)
    assert np.isnan(card.skill)


def test_claiming_to_know_less_is_no_skill():
    honest = tell(a_scorer(), outcomes(400))[-1]
    vague = tell(a_scorer(), outcomes(400, sigma=3.0))[-1]
    assert vague.crps > 1.2 * honest.crps


def test_the_blend_is_held_against_its_pool_which_is_an_author_too():
    cards = tell(a_scorer(), outcomes(300, author="blend", wide=1.6))
    blend, pool = cards[-2:]
    assert (blend.author, pool.author) == ("blend", "pool")
    assert pool.skill == 0.0
    assert blend.skill == pytest.approx(1.0 - blend.pinball.values.sum() / pool.pinball.values.sum(), abs=1e-9)
    assert blend.skill > 0.05
    assert pool.coverage[1] > 0.97


def test_recent_labels_count_more():
    before, after = outcomes(200, sigma=1.0, seed=1), outcomes(200, sigma=10.0, seed=2)
    after = [replace(each, said_ns=each.said_ns + at(2000) - at(0)) for each in after]
    short = tell(a_scorer(half_life_horizons=20.0), before + after)[-1]
    long = tell(a_scorer(), before + after)[-1]
    assert short.coverage[0] > 0.99
    assert long.coverage[0] < 0.85


def test_overlapping_labels_are_worth_their_part():
    apart = tell(a_scorer(), outcomes(100))[-1]
    overlapping = tell(a_scorer(), outcomes(100, every_s=1.0))[-1]
    assert apart.labels == pytest.approx(300.0)
    assert overlapping.labels == pytest.approx(3 * (1 + 99 * 0.1))


def test_authors_take_turns():
    scorer = a_scorer()
    rounds = [[replace(each, author=name) for name in "abcd"] for each in outcomes(60)]
    cards = tell(scorer, [each for beat in rounds for each in beat])
    said = {name: [(card.based_on[0] - 1) // 4 for card in cards if card.author == name] for name in "abcd"}
    assert len(cards) >= 20
    assert all(len({said[name][k] for name in "abcd"}) == 4 for k in range(5))


def test_a_new_universe_scores_what_waits_and_goes_on():
    scorer = a_scorer()
    later_ns = at(1000) - at(0)
    wider = [replace(each, universe=2, said_ns=each.said_ns + later_ns) for each in outcomes(10, width=5)]
    cards = tell(scorer, outcomes(4) + wider)
    assert [card.labels for card in cards] == pytest.approx([12.0, 12.0 + 50.0])


def test_a_label_that_is_not_known_counts_for_nothing():
    said = [replace(each, realised=floats((np.nan, *each.realised.values[1:]))) for each in outcomes(10)]
    (card,) = tell(a_scorer(), said)
    assert card.labels == pytest.approx(20.0)


def test_it_restores_to_the_byte_in_the_middle():
    said = outcomes(95, author="blend", wide=1.3)
    whole, first, second = a_scorer(), a_scorer(), a_scorer()
    cards = tell(whole, said)
    tell(first, said[:37])
    second.restore(codec.decode_state(Scorer.state_type(), codec.encode(first.snapshot())))
    for seq, outcome in enumerate(said[37:], start=38):
        assert list(second.receive(an_envelope(outcome, seq=seq))) == [c for c in cards if c.based_on == (seq,)]


def test_a_cadence_of_nothing_is_refused():
    with pytest.raises(ValueError, match="every_labels was 0"):
        ScorerSettings(every_labels=0)
