"""An object whose whole memory is a few named arrays, so that it can be kept and taken up again bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from quant.rolling import Floats

State = dict[str, Floats]


class Remembering:
    """Attributes named in `remembered` are float arrays and are everything that changes."""

    remembered: ClassVar[tuple[str, ...]]

    def state(self) -> State:
        """Everything remembered, as copies."""
        return {name: np.array(getattr(self, name)) for name in self.remembered}

    def load(self, state: Mapping[str, Floats]) -> None:
        """Become what said `state`; raises ValueError where a name is missing or a shape differs."""
        for name in self.remembered:
            own = np.shape(getattr(self, name))
            if name not in state or np.shape(state[name]) != own:
                was = np.shape(state[name]) if name in state else "absent"
                raise ValueError(f"{type(self).__name__}: state {name} was {was}, expected shape {own}")
        for name in self.remembered:
            setattr(self, name, np.array(state[name]))


def nested(prefix: str, state: Mapping[str, Floats]) -> State:
    """The state of a part under a name of its own."""
    return {f"{prefix}.{name}": value for name, value in state.items()}


def part(prefix: str, state: Mapping[str, Floats]) -> State:
    """What `nested` put under that name."""
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in state.items() if name.startswith(start)}
