"""`python -m bot` and the console script `bot`: pin the processor, then the command line."""

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run one command; an interrupt before it can end in order ends it without a word."""
    try:
        _open_closed_streams()
        _command()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _open_closed_streams() -> None:
    """A stream that is closed (`>&-`) goes nowhere; else the next file opened would take its place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if descriptor else "r", encoding="utf-8"))  # noqa: SIM115


def _command() -> None:
    """Assertions are production checks here, so `python -O` is refused."""
    if not __debug__:
        sys.stderr.write("Error: python -O strips the assertions that guard the account; run without -O (code 4)\n")
        raise SystemExit(4)
    from runtime.fingerprint import pin_processor

    pin_processor()
    from bot.cli.app import app

    if "_BOT_COMPLETE" in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    app(prog_name="bot")


if __name__ == "__main__":
    main()
