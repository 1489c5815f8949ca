import numpy as np
import pytest

from bot.evaluation.worlds import live, worlds_report
from quant.worlds import make_world


def a_world(kind: str = "skill", instants: int = 160, r2: float = 0.06, seed: int = 1):
    return make_world(kind, np.random.default_rng(seed), instants=instants, agents=6, instruments=10, r2=r2)


@pytest.mark.numbers
def test_the_oracle_is_best_and_the_blend_stands_between_it_and_the_pool() -> None:
    lived = live(a_world(instants=700))

    late = lived.scored
    assert lived.oracle[late].mean() < lived.blend[late].mean() < lived.pool[late].mean()
    assert 0.0 < lived.gap_closed < 1.0


def test_where_there_is_nothing_to_gain_no_gap_is_closed() -> None:
    lived = live(a_world("noise", instants=80, r2=0.0))

    assert abs(lived.skill) < 0.01


def test_progress_is_told_at_every_instant() -> None:
    told: list[int] = []

    live(a_world(instants=30), told.append)

    assert told == [1] * 30


@pytest.mark.numbers
def test_worlds_give_the_same_report_twice() -> None:
    one, two = worlds_report(1, instants=200), worlds_report(1, instants=200)

    assert one.figures == two.figures
    assert len(one.tables[0].rows) == 6
