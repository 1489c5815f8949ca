"""Exit codes, and how an expected failure becomes one clear line."""

import functools
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import typer

from bot.cli.options import talk

OK: Final = 0
UNEXPECTED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
BAD_CONFIGURATION: Final = 4
TIMEOUT: Final = 5
REFUSED: Final = 6
MISMATCH: Final = 7
DIVERGED: Final = 8
GAVE_UP: Final = 9
DAMAGED: Final = 10
STALLED: Final = 70
TEMPORARY: Final = 75

MEANINGS: Final = {
    OK: "ok, also after a graceful stop",
    UNEXPECTED: "unexpected failure: a bug",
    USAGE: "wrong usage of the command line",
    NOT_FOUND: "daemon not running, or run, order, data set or file not found",
    BAD_CONFIGURATION: "bad configuration, directory, port or data",
    TIMEOUT: "timeout",
    REFUSED: "refused by a safety interlock",
    MISMATCH: "the venue's books differ from ours, a human must look",
    DIVERGED: "a replay said something else than the record",
    GAVE_UP: "the supervisor gave up: a restart budget is spent",
    DAMAGED: "a journal, recording or model file is damaged or altered",
    STALLED: "the watchdog ended a daemon that hung",
    TEMPORARY: "temporary: disk full or venue away, try again later",
}


OF_RUNNING: Final = {
    "bot.configuration:BadConfiguration": BAD_CONFIGURATION,
    "bot.runs:RunsUnusable": BAD_CONFIGURATION,
    "runtime.httpd:PortInUse": BAD_CONFIGURATION,
    "runtime.health:NotLoopback": BAD_CONFIGURATION,
    "runtime.control:ControlTaken": REFUSED,
    "runtime.control:Refused": REFUSED,
    "bot.running:NotArmed": REFUSED,
    "runtime.control:NoAnswer": TIMEOUT,
    "bot.runs:AccountBusy": REFUSED,
    "bot.runs:RunNotFound": NOT_FOUND,
    "bot.why:OrderNotFound": NOT_FOUND,
    "bot.replaying:JournalEmpty": NOT_FOUND,
    "runtime.control:NotRunning": NOT_FOUND,
    "contracts.ports:JournalFailed": TEMPORARY,
    "bot.cli.options:OutputFailed": TEMPORARY,
    "runtime.replay:Diverged": DIVERGED,
}
"""What a process runs into."""

OF_SERVICES: Final = {
    "adapters.postgres.connection:PostgresMissing": BAD_CONFIGURATION,
    "adapters.postgres.connection:PostgresUnusable": BAD_CONFIGURATION,
    "adapters.postgres.connection:PostgresAway": TEMPORARY,
    "adapters.postgres.store:ForeignRun": BAD_CONFIGURATION,
    "bot.sink:Rival": REFUSED,
    "adapters.redis.connections:RedisMissing": BAD_CONFIGURATION,
    "adapters.redis.connections:RedisRefuses": BAD_CONFIGURATION,
    "contracts.ports:StoreUnavailable": TEMPORARY,
    "adapters.secret_store:SecretUnreadable": BAD_CONFIGURATION,
}
"""What Redis and PostgreSQL, and whoever speaks to them, run into."""

OF_KAFKA: Final = {
    "adapters.kafka.connection:KafkaMissing": BAD_CONFIGURATION,
    "adapters.kafka.role_topics:RolesUnusable": BAD_CONFIGURATION,
    "adapters.kafka.lease:LeaseHeld": REFUSED,
    "adapters.kafka.lease:LeaseUnsure": TEMPORARY,
    "adapters.kafka.connection:KafkaUnusable": BAD_CONFIGURATION,
    "adapters.kafka.connection:TopicsMissing": BAD_CONFIGURATION,
    "adapters.kafka.admin:KafkaAway": TEMPORARY,
    "adapters.kafka.connection:BrokersAway": TEMPORARY,
    "adapters.kafka.dead_letters:TooManyDeadLetters": GAVE_UP,
    "bot.mirror.places:MirrorBusy": REFUSED,
}
"""What whoever speaks over Kafka runs into."""

OF_FILES: Final = {
    "adapters.catalog.manifest:DatasetMissing": NOT_FOUND,
    "contracts.history:DatasetUnusable": BAD_CONFIGURATION,
    "contracts.upgrades:UnreadableVersion": BAD_CONFIGURATION,
    "bot.schemas:BadSchema": BAD_CONFIGURATION,
    "bot.schemas:SchemaNotFound": NOT_FOUND,
    "adapters.recorded.errors:MissingRecording": NOT_FOUND,
    "adapters.tables.errors:MissingTable": NOT_FOUND,
    "bot.features.catalogue:NotThere": NOT_FOUND,
    "bot.features.computed:TooShort": BAD_CONFIGURATION,
    "adapters.tables.errors:ForeignTable": BAD_CONFIGURATION,
    "adapters.tables.errors:BadTable": DAMAGED,
    "adapters.recorded.errors:ForeignRecording": BAD_CONFIGURATION,
    "adapters.recorded.errors:EmptyRecording": BAD_CONFIGURATION,
    "adapters.recorded.errors:BadRecording": DAMAGED,
    "adapters.journal.scan:JournalDamaged": DAMAGED,
    "adapters.kafka.cursor:CursorDamaged": DAMAGED,
    "adapters.models.files:ModelAbsent": NOT_FOUND,
    "contracts.ports:ModelRejected": DAMAGED,
    "adapters.models.champion:PointerDamaged": DAMAGED,
    "adapters.simulated.ledger:LedgerDamaged": DAMAGED,
}
"""What a file, a data set or a model turns out to be."""

FAILURES: Final = OF_RUNNING | OF_SERVICES | OF_FILES | OF_KAFKA
"""Every failure that is no bug, by the place where it is defined; the special before the general."""


class Fail(Exception):
    """An expected failure: one line for stderr and the exit code."""

    def __init__(self, text: str, code: int) -> None:
        self.text = text
        self.code = code
        super().__init__(text)


CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def command(function: CommandT) -> CommandT:
    """Tell an expected failure and exit with its code; bugs keep their traceback."""

    @functools.wraps(function)
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except tuple(expected()) as error:
            code = code_of(error)
            tell(str(error), code)
            raise typer.Exit(code) from error

    return cast(CommandT, guarded)


def tell(text: str, code: int) -> None:
    """Say `Error: text (code N)` on stderr; the code stands at the end of the first line."""
    first, _, rest = text.partition("\n")
    talk(f"Error: {first} (code {code})" + (f"\n{rest}" if rest else ""))


def code_of(error: BaseException) -> int:
    """The exit code of an expected failure; raises StopIteration for a bug."""
    if isinstance(error, Fail):
        return error.code
    return next(code for kind, code in expected().items() if isinstance(error, kind))


def expected() -> dict[type[Exception], int]:
    """Failures that are no bugs and can have been raised, for their modules are loaded; the special before the general.

    Of what is not loaded nothing is imported: telling one error took as long as loading everything that there is.
    """
    found: dict[type[Exception], int] = {Fail: UNEXPECTED}
    for place, code in FAILURES.items():
        module, _, name = place.partition(":")
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None:
            found[kind] = code
    return found
