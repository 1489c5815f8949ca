"""The face of a running daemon: the live view on a terminal, log lines elsewhere, and first of all what will happen."""

from collections.abc import Coroutine
from typing import Any

from rich.console import Console

from bot.cli.live_view import LiveView
from bot.cli.options import talk
from bot.logging import LogTap
from bot.opening import OpenRun
from bot.profile import Profile
from bot.system import System


class Face:
    """Adds its taps to a system that is about to start."""

    def __init__(self, profile: Profile, *, live: bool, quiet: bool, verbosity: int) -> None:
        self._profile = profile
        self._live = live
        self._quiet = quiet
        self._verbosity = verbosity

    def started(self, system: System, opened: OpenRun) -> tuple[Coroutine[Any, Any, None], ...]:
        """Set the taps and say what was opened; returns what is to run beside the system."""
        if opened.set_aside:
            talk(f"{opened.set_aside}: left as it is, a new run begins from the venue's own books")
        if self._quiet:
            return ()
        process = self._profile.process
        taken_up = f"taken up as epoch {opened.epoch}" if opened.epoch > 1 else "new"
        talk(
            f"run {opened.name} ({taken_up}) in {opened.directory}; "
            f"on stop: {process.on_stop}, within {process.drain_s:g} s"
        )
        if not self._live:
            system.bus.tap(LogTap(verbosity=self._verbosity), LogTap.kinds)
            return ()
        view = LiveView(opened.name, system.report, system.clock)
        system.bus.tap(view, LiveView.kinds)
        return (view.run(Console(stderr=True)),)
