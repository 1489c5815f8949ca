"""Sentiment: what is talked about more, and better, than usual. Silent without a source.

Tetlock (2007), "Giving content to investor sentiment", Journal of Finance 62; Antweiler and Frank (2004), "Is all that
talk just noise?", Journal of Finance 59. Whether the crowd is right or wrong is learned: the coefficient may be
negative.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.memory import Memory
from quant.agents.slow import sentiment_freshness, sentiment_score
from quant.agents.usual import Usual

USUAL_S = 30 * 86_400.0


class Sentiment(Agent):
    """The mood of six hours against a month of it, by how much is said; confidence halves in six hours.

    Its deviation is that of 240 bars, an EWMA of about .99.
    """

    needs: ClassVar = ("rd_sent_ema6h", "rd_ment_z", "rd_age")

    def remembers(self, width: int) -> Memory:
        self._usual = Usual(width, USUAL_S)
        return self._usual

    def on_frame(self, view: View) -> Evidence:
        mood = view["rd_sent_ema6h"]
        self._usual.add(mood, view.at_ns)
        score = sentiment_score(self._usual.z(mood), view["rd_ment_z"])
        return Evidence.of(score, view.sd("rv_240"), sentiment_freshness(view["rd_age"]))
