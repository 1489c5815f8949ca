"""The laws of what an agent answers, before the base class makes a belief of it and would hide what is wrong."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from actors.agents.trial import Market, Trial, Trying
from actors.agents.view import Evidence, View
from quant.beliefs import SCORE_MAX

CRASHES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    SystemExit,
    TypeError,
    ValueError,
)
"""What an agent of somebody's own may raise; each other law tells it as what it saw."""

BEYOND_SHARE_MAX: Final = 0.1
"""Scores beyond 3 are cut to 3: a few are chance, more are another scale."""


def width(trying: Trying, market: Market) -> Iterator[str]:
    """Law: every answer is Evidence, and each of its columns has one entry per instrument."""
    for view, answer in _heard(trying(), market):
        if not isinstance(answer, Evidence):
            yield f"answered with {type(answer).__name__}, expected Evidence"
            return
        for name, column in zip(Evidence._fields, answer, strict=True):
            if np.shape(column) != (wanted := (len(view.symbols),)):
                yield f"{name} has shape {np.shape(column)} for {wanted[0]} instruments, expected {wanted}"


def deviations(trying: Trying, market: Market) -> Iterator[str]:
    """Law: a deviation is above 0, or NaN where nothing is known."""
    for answer in _answers(trying(), market):
        deviation = np.asarray(answer.deviation, dtype=np.float64)
        if (wrong := deviation[deviation <= 0.0]).size:
            yield f"was {wrong[0]:g}, expected above 0, or NaN where nothing is known"


def scores(trying: Trying, market: Market) -> Iterator[str]:
    """Law: at most a tenth of all scores lie beyond 3, where they are cut."""
    said = [np.abs(np.asarray(answer.score, dtype=np.float64)).ravel() for answer in _answers(trying(), market)]
    known = np.concatenate([np.zeros(0), *said])
    known = known[~np.isnan(known)]
    beyond = float((known > SCORE_MAX).mean()) if known.size else 0.0
    if beyond > BEYOND_SHARE_MAX:
        middle = float(np.median(known))
        yield f"{beyond:.0%} lie beyond {SCORE_MAX:g} and half of them beyond {middle:.3g}: scale them to [-3, 3]"


def _answers(trial: Trial, market: Market) -> list[Evidence]:
    return [answer for _, answer in _heard(trial, market) if isinstance(answer, Evidence)]


def _heard(trial: Trial, market: Market) -> list[tuple[View, Any]]:
    """What the agent was shown and what it answered, up to where it crashed."""
    heard: list[tuple[View, Any]] = []
    asked = trial.agent.on_frame

    def listening(view: View) -> Evidence:
        answer = asked(view)
        heard.append((view, answer))
        return answer

    setattr(trial.agent, "on_frame", listening)  # noqa: B010 - a method of this one agent
    with contextlib.suppress(*CRASHES):
        trial.live(market)
    return heard


ANSWER_LAWS: Final = {
    "an answer is as wide as the view": width,
    "deviations are above 0": deviations,
    "scores are of the size of 3": scores,
}
