"""What is allowed beyond the house rules, by name; a list may shrink, and grows only with a reason beside it."""

FILE_LINES: dict[str, int] = {}
"""Path -> lines of code, for files longer than the rule allows."""

FUNCTION_LINES: dict[str, int] = {}
"""path:function -> lines of code, for functions that do not fit a screen."""

NO_TEST_FILE: frozenset[str] = frozenset()
"""Product modules without a test file of their own."""

RUNTIME_SHELLS: tuple[str, ...] = (
    "runtime/actor.py",  # declares what a gateway is
    "runtime/clock.py",  # sleeps until an instant
    "runtime/control.py",  # serves the control socket
    "runtime/replay.py",  # implements the journal's port, whose durable() is awaited
    "runtime/outlet.py",  # hands envelopes to a gateway
    "runtime/simloop.py",  # is the loop of virtual time
    "runtime/supervisor.py",  # owns the task table
)
"""The modules of the runtime that touch the event loop; everything else there is synchronous."""
