"""What is far from its mean of twenty bars comes back: ten lines that run inside, or in a process of their own."""

from actors.agents.base import Agent
from actors.agents.view import Evidence, View


class Pullback(Agent):
    """Against the distance from the mean, in standard deviations; silent while the mean is cold."""

    needs = ("z_20",)

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], view.deviation)
