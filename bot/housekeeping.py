"""What a daemon does beside trading: snapshots, flushes, health, control, the watch over its own loop, its time limit."""

from functools import partial
from pathlib import Path
from typing import Any, Final

from bot.measures import Measures
from bot.opening import OpenRun
from bot.profile import Profile
from bot.recovery import write_snapshot
from bot.system import System
from bot.worlds import World
from contracts.decision import Flatten, Halt, Resume
from contracts.life import ClockStepped, LoopStalled, StopPolicy
from contracts.quantities import SECOND_NS, Nanos
from runtime.clock import WallClock
from runtime.control import ControlServer, Request, Response
from runtime.health import HealthServer, Status, StatusBoard
from runtime.watchdog import Heartbeat, InHand, NOTHING, Watchdog

SNAPSHOT_FIRST_S: Final = 5.0
PUBLISH_S: Final = 0.5


class Housekeeping:
    """Opens with the run and closes with it; on a virtual clock only snapshots and the time limit remain."""

    def __init__(self, profile: Profile, opened: OpenRun, system: System, world: World) -> None:
        self._profile = profile
        self._opened = opened
        self._system = system
        self._world = world
        self._policy: StopPolicy = profile.process.on_stop
        self._heartbeat: Heartbeat | None = None
        self._watchdog: Watchdog | None = None
        self._health: HealthServer | None = None
        self._board = StatusBoard()
        self._measures = Measures(system, opened)
        self.duration_s: float | None = None

    @property
    def policy(self) -> StopPolicy:
        """What becomes of open orders and positions at the end, as asked for last."""
        return self._policy
