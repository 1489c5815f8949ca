"""`python -m bot` and the console script `bot`: pin the processor, then the command line."""

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run one command; an interrupt before it can end in order ends it without a word."""
    try:
        _command()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


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
