"""The laws hold for the twelve, and each of them is seen to bite an agent that breaks it."""

import msgspec
import numpy as np
import pytest

from actors.agents.base import Agent
from actors.agents.laws import LAWS, check_agent
from actors.agents.view import Evidence, View
from bot.agents import SHIPPED, agent_of
from contracts.column import flags

TWELVE = tuple(SHIPPED)[:12]


@pytest.fixture
def quick(monkeypatch):
    """Without the long market that the deviation is judged in."""
    monkeypatch.setattr("actors.agents.laws.CALIBRATION_STEPS", 0)


class Honest(Agent):
    needs = ("z_20",)

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], view.deviation)


class OneByOne(Agent):
    def on_bar(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], view.deviation)


class Priced(Honest):
    """Believes in round prices."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(np.sin(view.mid), view.deviation)


class Favouring(Honest):
    """Likes the instrument that stands first."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"] - np.arange(len(view.mid)), view.deviation)


class Inventing(Honest):
    """Takes what is unknown for 0."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(np.nan_to_num(view["z_20"]), np.nan_to_num(view.deviation, nan=0.01))

    def _believe(self, values, marks, at_ns):
        every = flags(np.ones(len(marks.mid), dtype=bool))
        return super()._believe(values, msgspec.structs.replace(marks, valid=every), at_ns)


class Hoarding(Honest):
    """Remembers something outside of its state."""

    seen = 0.0

    def on_frame(self, view: View) -> Evidence:
        self.seen += 0.01
        return Evidence.of(-view["z_20"] + self.seen, view.deviation)


class Fabricating(Honest):
    """Speaks without what it needs."""

    needs = ("rd_sent_ema6h",)

    def _on_features(self, features, envelope):
        self.needs = ()
        return super()._on_features(features, envelope)

    def on_frame(self, view: View) -> Evidence:
        self.needs = ("rd_sent_ema6h",)
        return Evidence.of(0.0, view.deviation)


class Exploding(Honest):
    def _believe(self, values, marks, at_ns):
        belief = super()._believe(values, marks, at_ns)
        return belief._replace(sigma=belief.sigma / np.abs(belief.score))


class Crashing(Honest):
    """Takes it for granted that there are two instruments."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"] * view["z_20"][[0, 1]].mean(), view.deviation)


class Remembering(Honest):
    """Keeps columns to itself that a changed universe should have moved."""

    def on_frame(self, view: View) -> Evidence:
        self.before, before = view["z_20"], getattr(self, "before", view["z_20"])
        return Evidence.of(before, view.deviation)


class Peeking(Honest):
    """Answers by what it has lived through before this market began."""

    lived = 0

    def on_frame(self, view: View) -> Evidence:
        Peeking.lived += 1
        return Evidence.of(view["z_20"] + 1e-3 * Peeking.lived, view.deviation)


class Wild(Honest):
    """Its deviation has nothing to do with what happens."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], 1e-3 * view.deviation)


class TwoFaced(Honest):
    def _believe(self, values, marks, at_ns):
        belief = super()._believe(values, marks, at_ns)
        turn = np.where(np.arange(len(belief.mu)) % 2, -1.0, 1.0)
        return belief._replace(mu=belief.mu * turn)


class Boundless(Honest):
    def _believe(self, values, marks, at_ns):
        belief = super()._believe(values, marks, at_ns)
        return belief._replace(mu=100.0 * belief.mu)


def broken(agent: type[Agent], steps: int = 16) -> tuple[str, ...]:
    return tuple(each.law for each in check_agent(agent, steps=steps))


@pytest.mark.parametrize("kind", TWELVE)
def test_each_of_the_twelve_keeps_the_laws_in_short_markets(kind, quick):
    assert check_agent(agent_of(kind), steps=12) == ()


@pytest.mark.numbers
@pytest.mark.parametrize("kind", TWELVE)
def test_each_of_the_twelve_keeps_every_law(kind):
    assert check_agent(agent_of(kind), steps=450) == ()


@pytest.mark.numbers
@pytest.mark.parametrize("kind", ["ofi", "microprice"])
def test_agents_of_the_book_keep_every_law_on_their_own_horizon(kind):
    """At horizons of a minute and less they learn from mids instead of outcomes."""
    assert check_agent(agent_of(kind), steps=100, horizon_s=60.0) == ()


def test_an_agent_of_ones_own_keeps_them_too_whichever_way_it_is_written(quick):
    assert check_agent(Honest, steps=12) == check_agent(OneByOne, steps=12) == ()


@pytest.mark.parametrize(
    ("agent", "law"),
    [
        (Priced, "prices may be scaled"),
        (Favouring, "instruments may be ordered as one likes"),
        (Inventing, "NaN in, NaN out"),
        (Hoarding, "a snapshot is the whole agent"),
        (Fabricating, "silence without a source"),
        (Exploding, "finite whatever comes"),
        (Crashing, "finite whatever comes"),
        (Remembering, "the universe may change"),
        (TwoFaced, "the sign of mu follows coefficient x score"),
        (Boundless, "bounds"),
    ],
)
def test_every_law_bites(agent, law, quick):
    assert law in broken(agent)


@pytest.mark.numbers
@pytest.mark.parametrize("times", [3.0, 1 / 3])
def test_an_agent_three_times_too_sure_or_unsure_is_repaired_by_its_own_outcomes(times):
    class Mistaken(Honest):
        def on_frame(self, view: View) -> Evidence:
            return Evidence.of(-view["z_20"], view.deviation / times)

    assert check_agent(Mistaken, steps=10) == ()


@pytest.mark.numbers
def test_a_deviation_that_means_nothing_is_found():
    assert "sigma is the deviation" in broken(Wild, steps=10)


def test_what_knows_the_future_is_found(quick):
    assert "no look-ahead" in broken(Peeking, steps=12)


def test_each_law_is_told_of_before_it_is_tried(quick):
    heard: list[str] = []
    check_agent(Honest, steps=4, told=heard.append)
    assert tuple(heard) == tuple(LAWS)


def test_what_is_broken_is_told_with_what_was_seen(quick):
    (told,) = (str(each) for each in check_agent(Fabricating, steps=20))
    assert told == "silence without a source: at step 0 it speaks without rd_sent_ema6h"
    assert len(LAWS) == 14
