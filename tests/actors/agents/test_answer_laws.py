"""What the base class would hide is seen in the answer itself: width, sign and size."""

import numpy as np
import pytest

from actors.agents.answer_laws import ANSWER_LAWS
from actors.agents.base import Agent
from actors.agents.laws import check_agent
from actors.agents.view import Evidence, View
from bot.agents import SHIPPED, agent_of


def broken(answer, steps: int = 20) -> dict[str, str]:
    """What the laws say of an agent that answers so, by the law."""

    class Mine(Agent):
        def on_frame(self, view: View) -> Evidence:
            return answer(view)

    return {each.law: each.seen for each in check_agent(Mine, steps=steps, long_steps=0)}


@pytest.mark.parametrize(
    ("answer", "law", "seen"),
    [
        (lambda view: Evidence.of(0.5, 0.01), "an answer is as wide as the view", "score has shape (1,) for 6"),
        (
            lambda view: Evidence(view["z_20"], view.deviation, np.ones(7)),
            "an answer is as wide as the view",
            "freshness has shape (7,) for 6 instruments, expected (6,)",
        ),
        (lambda view: None, "an answer is as wide as the view", "answered with NoneType, expected Evidence"),
        (lambda view: Evidence.of(view["z_20"], -view.deviation), "deviations are above 0", "was -0.0"),
        (lambda view: Evidence.of(view["z_20"], 0.0 * view.deviation), "deviations are above 0", "expected above 0"),
        (
            lambda view: Evidence.of(1000.0 * view["z_20"], view.deviation),
            "scores are of the size of 3",
            "lie beyond 3 and half of them beyond",
        ),
    ],
)
def test_a_wrong_answer_fails_by_a_law_of_its_own(answer, law, seen):
    assert seen in broken(answer)[law]


def test_a_rare_score_beyond_three_and_a_deviation_not_known_are_no_fault():
    def answer(view: View) -> Evidence:
        return Evidence.of(1.2 * view["z_20"], np.where(view["z_20"] > 1.0, np.nan, view.deviation))

    assert broken(answer) == {}


@pytest.mark.parametrize("kind", tuple(SHIPPED))
def test_the_shipped_answer_well(kind):
    assert not set(ANSWER_LAWS) & {each.law for each in check_agent(agent_of(kind), steps=8, long_steps=0)}
