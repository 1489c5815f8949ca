"""The ladder of drift: what evidence takes the beliefs how far down, and what brings them back.

    calm -> warn     features or the market changed; beliefs too wide or uneven; back when the evidence is gone
    -> widen         a block of labels fell outside too often: sigma x what that block was short of, 1.25 at most
    -> pool          losses rose against the pool's, or a block was too narrow though widened
    -> half          a block was too narrow though only the pool speaks: sizes x .5
    -> flat          and still: nothing new is opened (beliefs are still said and judged, or there were no way back)

Up goes one step per block of fresh labels, except that risen losses go to `pool` at once. Down goes one step after two
clean blocks on end: clean by what was said before widening, or the widening would hide the cure. Every block is begun
anew when the level changes, so that no label is judged under rules it was not said under.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from quant.drift import Block

Level = Literal["calm", "warn", "widen", "pool", "half", "flat"]
LEVELS: Final[tuple[Level, ...]] = ("calm", "warn", "widen", "pool", "half", "flat")
CALM, WARN, WIDEN, POOL, HALF, FLAT = range(len(LEVELS))
CLEAN_BLOCKS: Final = 2
SIZE_FACTORS: Final = (1.0, 1.0, 1.0, 1.0, 0.5, 0.0)


class LadderState(NamedTuple):
    """The level held by outcomes (calm, or widen and beyond), clean blocks on end, whether the last was uneven.

    `factor` is what sigma is multiplied by at the levels from widen on: 1 until a block was too narrow.
    """

    held: int
    clean: int
    uneven: bool
    factor: float


class Ladder:
    """Where the beliefs stand."""

    def __init__(self) -> None:
        self._state = LadderState(CALM, 0, False, 1.0)

    @property
    def held(self) -> int:
        """The level that outcomes hold: calm, or one of widen to flat."""
        return self._state.held

    def level(self, *, changed: bool) -> int:
        """The level to say; `changed`: features or the market look otherwise than they did."""
        state = self._state
        return max(state.held, WARN if changed or state.uneven else CALM)

    def sigma_factor(self) -> float:
        """What sigma is multiplied by."""
        return self._state.factor if self._state.held >= WIDEN else 1.0

    def size_factor(self) -> float:
        """What sizes are multiplied by."""
        return SIZE_FACTORS[self._state.held]

    def block(self, block: Block) -> bool:
        """A full block was judged; whether the level moved."""
        held, clean, _, factor = self._state
        if block.too_narrow:
            factor = block.sigma_factor if held == CALM else max(factor, block.sigma_factor)
            self._state = LadderState(min(FLAT, max(WIDEN, held + 1)), 0, False, factor)
        elif block.clean:
            down = held > CALM and clean + 1 >= CLEAN_BLOCKS
            lower = CALM if held <= WIDEN else held - 1
            self._state = LadderState(lower if down else held, 0 if down else clean + 1, False, factor)
        else:
            self._state = LadderState(held, 0, True, factor)
        return self._state.held != held

    def losses_rose(self) -> bool:
        """The blend's losses rose against the pool's; whether the level moved."""
        held = self._state.held
        self._state = self._state._replace(held=max(held, POOL), clean=0)
        return self._state.held != held

    def state(self) -> LadderState:
        """Everything remembered."""
        return self._state

    def load(self, state: LadderState) -> None:
        """Become what said `state`."""
        self._state = LadderState(*state)
