"""All verbs in their panels. Each command imports what it needs when it runs, so that `--help` is instant."""

import errno
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer.core import TyperGroup

from bot.cli import (
    agent,
    agents,
    backtest,
    control,
    data,
    diff,
    doctor,
    evaluate,
    export,
    feasible,
    look,
    lookahead,
    mirror,
    models,
    parity,
    profiles,
    records,
    report,
    run,
    schema,
    sink,
    stored_features,
    sweep,
    topics,
    train,
)
from bot.cli.errors import MEANINGS, TEMPORARY, USAGE, tell

RUN, INSPECT, RESEARCH, OPERATE = "Run", "Inspect", "Research", "Operate"

_CODES = "  \n".join(f"{code}: {meaning}" for code, meaning in MEANINGS.items())


class Verbs(TyperGroup):
    """The verbs, with wrong usage told as any other failure is: one line and its code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command line; standing alone, exit with its code."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except ClickException as error:
            if not standalone_mode:
                raise
            code = _told(error)
        except OSError as error:
            # A verb tells its own; what is left is the help, which nobody can read on a full disk.
            if error.errno != errno.ENOSPC or not standalone_mode:
                raise
            tell("stdout cannot be written: No space left on device", code := TEMPORARY)
        if not standalone_mode:
            return code
        sys.exit(code)


def _told(error: ClickException) -> int:
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return USAGE
    context = getattr(error, "ctx", None)
    text = error.format_message().removeprefix("Invalid value: ").replace("Value error, ", "").rstrip(".")
    tell(f"{text}; see `{context.command_path if context else 'bot'} --help`", error.exit_code)
    return error.exit_code


app = typer.Typer(
    name="bot",
    cls=Verbs,
    help="Keel: a live trading daemon that knows how uncertain it is.\n\nStart with: bot run --profile canary",
    epilog=f"Exit codes:  \n{_CODES}",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", rich_help_panel=RUN)(run.run)
app.command("stop", rich_help_panel=RUN)(control.stop)
app.command("status", rich_help_panel=RUN)(control.status)
app.command("replay", rich_help_panel=INSPECT)(look.replay)
app.command("why", rich_help_panel=INSPECT)(look.why)
app.command("diff", rich_help_panel=INSPECT)(diff.diff)
app.command("verify", rich_help_panel=INSPECT)(look.verify)
app.command("inspect", rich_help_panel=INSPECT)(look.inspect)
app.command("runs", rich_help_panel=INSPECT)(look.runs)
app.command("trades", rich_help_panel=INSPECT)(records.trades)
app.command("orders", rich_help_panel=INSPECT)(records.orders)
app.command("equity", rich_help_panel=INSPECT)(records.equity)
app.command("decisions", rich_help_panel=INSPECT)(records.decisions)
app.command("report", rich_help_panel=INSPECT)(report.report)
app.command("parity", rich_help_panel=INSPECT)(parity.parity)
app.command("backtest", rich_help_panel=RESEARCH)(backtest.backtest)
app.command("export", rich_help_panel=RESEARCH)(export.export)
app.command("sweep", rich_help_panel=RESEARCH)(sweep.sweep)
app.command("train", rich_help_panel=RESEARCH)(train.train)
app.command("evaluate", rich_help_panel=RESEARCH)(evaluate.evaluate)
app.command("lookahead", rich_help_panel=RESEARCH)(lookahead.lookahead)
app.command("feasible", rich_help_panel=OPERATE)(feasible.feasible)
app.command("halt", rich_help_panel=OPERATE)(control.halt)
app.command("resume", rich_help_panel=OPERATE)(control.resume)
app.command("flatten", rich_help_panel=OPERATE)(control.flatten)
app.command("sink", rich_help_panel=OPERATE)(sink.sink)
app.command("mirror", rich_help_panel=OPERATE)(mirror.mirror)
app.command("doctor", rich_help_panel=OPERATE)(doctor.doctor)
app.command("completion", rich_help_panel=OPERATE)(doctor.completion)
app.add_typer(data.app, name="data", rich_help_panel=RESEARCH)
app.add_typer(agent.app, name="agent", rich_help_panel=RUN)
app.add_typer(agents.app, name="agents", rich_help_panel=RESEARCH)
app.add_typer(stored_features.app, name="features", rich_help_panel=RESEARCH)
app.add_typer(profiles.app, name="profile", rich_help_panel=OPERATE)
app.add_typer(schema.app, name="schema", rich_help_panel=INSPECT)
app.add_typer(topics.app, name="topics", rich_help_panel=OPERATE)
app.add_typer(models.app, name="models", rich_help_panel=RESEARCH)
