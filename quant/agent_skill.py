"""How each agent has done on closed labels lately: its deviation against the truth, its sense of direction, its harm.

The meta-weighter corrects deviations by it, takes out agents whose mean does harm, and shows it to the boosters.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from quant.remembering import Remembering
from quant.rolling import Floats

DEVIATION_HALF_LIFE = 500.0
DIRECTION_HALF_LIFE = 2000.0
PRIOR_LABELS = 20.0
FACTOR_MIN, FACTOR_MAX = 0.2, 5.0
LEFT_ALONE, TAKEN_AWAY = math.log(1.25), math.log(1.5)
ERROR_MAX = 6.0
HARM_BEGINS, HARM_ENDS = -2.0, -4.0


class AgentSkill(Remembering):
    """Exponentially weighted figures of K agents, from standardised means x = mu/s and deviations of closed labels.

    An agent that said nothing learns nothing. Laws: before any label factors and trust are 1 and the rest 0; trust is
    in [0, 1]; the order of instruments does not matter.
    """

    remembered: ClassVar[tuple[str, ...]] = ("deviation", "direction", "harm")

    def __init__(self, n_agents: int) -> None:
        self.deviation = np.tile([[PRIOR_LABELS], [PRIOR_LABELS]], n_agents)  # squared errors, labels
        self.direction = np.zeros((4, n_agents))  # xz, xx, zz, labels
        self.harm = np.zeros((3, n_agents))  # gains of instants, their squares, hits

    def factors(self) -> Floats:
        """What the deviation of each agent (K,) is multiplied by so that E[(y - mu)^2/sigma^2] comes near one.

        Agents calibrate themselves, and correcting them once more for the last few hundred labels costs pinball loss;
        so a factor of less than 1.25 is left alone, and one of more than 1.5 taken away whole.
        """
        ratio = 0.5 * np.log(self.deviation[0] / self.deviation[1])
        share = np.clip((np.abs(ratio) - LEFT_ALONE) / (TAKEN_AWAY - LEFT_ALONE), 0.0, 1.0)
        return np.asarray(np.clip(np.exp(share * ratio), FACTOR_MIN, FACTOR_MAX))

    def correlations(self) -> Floats:
        """Correlation of mean and outcome (K,), shrunk by the weight of its labels."""
        xz, xx, zz, labels = self.direction
        scale = np.sqrt(xx * zz)
        plain = np.where(scale > 0.0, xz / np.where(scale > 0.0, scale, 1.0), 0.0)
        return np.asarray(plain * labels / (labels + 10.0 * PRIOR_LABELS))

    def gains(self) -> Floats:
        """t statistic (K,) of how much following the mean of each agent has paid: sum of gains over their deviation."""
        total, squares, _ = self.harm
        return np.where(squares > 0.0, total / np.sqrt(np.where(squares > 0.0, squares, 1.0)), 0.0)

    def trust(self) -> Floats:
        """1 for an agent that does no harm, falling to 0 as its t statistic goes from -2 to -4, (K,)."""
        return np.clip((self.gains() - HARM_ENDS) / (HARM_BEGINS - HARM_ENDS), 0.0, 1.0)

    def update(self, x: Floats, deviation: Floats, z: Floats, uniqueness: float) -> None:
        """Closed labels of one instant: x and deviation (K, N), as said, and outcome (N,), in units of the scale."""
        known = np.isfinite(x) & np.isfinite(deviation) & (deviation > 0.0) & np.isfinite(z)
        count = known.sum(axis=1)
        said = count > 0
        weight = uniqueness * count
        m, outcome = np.where(known, x, 0.0), np.where(known, z, 0.0)
        error = np.where(known, (outcome - m) / np.where(known, deviation, 1.0), 0.0)
        most = (ERROR_MAX**2 * self.deviation[0] / self.deviation[1])[:, None]
        squares = uniqueness * np.minimum(error * error, most).sum(axis=1)
        keep = np.where(said, 0.5 ** (weight / DEVIATION_HALF_LIFE), 1.0)
        self.deviation = keep * self.deviation + np.stack([squares, weight])
        keep = np.where(said, 0.5 ** (weight / DIRECTION_HALF_LIFE), 1.0)
        products = [(m * outcome).sum(axis=1), (m * m).sum(axis=1), (outcome * outcome).sum(axis=1), count]
        self.direction = keep * self.direction + uniqueness * np.stack(products)
        gain = (m * outcome - 0.5 * m * m).sum(axis=1) / np.maximum(count, 1)
        keep = np.where(said, 0.5 ** (uniqueness / (0.5 * DIRECTION_HALF_LIFE)), 1.0)
        self.harm = keep * self.harm + np.stack([uniqueness * gain, uniqueness * gain * gain, np.sign(gain)])
