"""All verbs in their panels. Each command imports what it needs when it runs, so that `--help` is instant."""

import typer

from bot.cli import control, doctor, look, profiles, run
from bot.cli.errors import MEANINGS

RUN, INSPECT, OPERATE = "Run", "Inspect", "Operate"

_CODES = "  \n".join(f"{code}: {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="bot",
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
app.command("verify", rich_help_panel=INSPECT)(look.verify)
app.command("inspect", rich_help_panel=INSPECT)(look.inspect)
app.command("runs", rich_help_panel=INSPECT)(look.runs)
app.command("halt", rich_help_panel=OPERATE)(control.halt)
app.command("resume", rich_help_panel=OPERATE)(control.resume)
app.command("flatten", rich_help_panel=OPERATE)(control.flatten)
app.command("doctor", rich_help_panel=OPERATE)(doctor.doctor)
app.command("completion", rich_help_panel=OPERATE)(doctor.completion)
app.add_typer(profiles.app, name="profile", rich_help_panel=OPERATE)
