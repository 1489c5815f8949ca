"""Exit codes, and how an expected failure becomes one clear line."""

import functools
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


@functools.cache
def expected() -> dict[type[Exception], int]:
    """Failures that are no bugs, the special before the general; imported when one is raised, so `--help` is quick."""
    return {Fail: UNEXPECTED} | _of_running() | _of_services() | _of_files() | _of_kafka()


def _of_running() -> dict[type[Exception], int]:
    """What a process runs into."""
    from bot.cli.options import OutputFailed
    from bot.configuration import BadConfiguration
    from bot.replaying import JournalEmpty
    from bot.running import NotArmed
    from bot.runs import AccountBusy, RunNotFound, RunsUnusable
    from bot.why import OrderNotFound
    from contracts.ports import JournalFailed
    from runtime.control import ControlTaken, NoAnswer, NotRunning, Refused
    from runtime.health import NotLoopback
    from runtime.httpd import PortInUse
    from runtime.replay import Diverged

    return {
        BadConfiguration: BAD_CONFIGURATION,
        RunsUnusable: BAD_CONFIGURATION,
        PortInUse: BAD_CONFIGURATION,
        NotLoopback: BAD_CONFIGURATION,
        ControlTaken: REFUSED,
        Refused: REFUSED,
        NotArmed: REFUSED,
        NoAnswer: TIMEOUT,
        AccountBusy: REFUSED,
        RunNotFound: NOT_FOUND,
        OrderNotFound: NOT_FOUND,
        JournalEmpty: NOT_FOUND,
        NotRunning: NOT_FOUND,
        JournalFailed: TEMPORARY,
        OutputFailed: TEMPORARY,
        Diverged: DIVERGED,
    }


def _of_services() -> dict[type[Exception], int]:
    """What Redis and PostgreSQL, and whoever speaks to them, run into."""
    from adapters.postgres.connection import PostgresAway, PostgresMissing, PostgresUnusable
    from adapters.postgres.store import ForeignRun
    from adapters.redis.connections import RedisMissing, RedisRefuses
    from adapters.secret_store import SecretUnreadable
    from bot.sink import Rival
    from contracts.ports import StoreUnavailable

    return {
        PostgresMissing: BAD_CONFIGURATION,
        PostgresUnusable: BAD_CONFIGURATION,
        PostgresAway: TEMPORARY,
        ForeignRun: BAD_CONFIGURATION,
        Rival: REFUSED,
        RedisMissing: BAD_CONFIGURATION,
        RedisRefuses: BAD_CONFIGURATION,
        StoreUnavailable: TEMPORARY,
        SecretUnreadable: BAD_CONFIGURATION,
    }


def _of_kafka() -> dict[type[Exception], int]:
    """What whoever speaks over Kafka runs into."""
    from adapters.kafka.admin import KafkaAway
    from adapters.kafka.connection import BrokersAway, KafkaMissing, KafkaUnusable, TopicsMissing
    from adapters.kafka.dead_letters import TooManyDeadLetters
    from adapters.kafka.lease import LeaseHeld, LeaseUnsure
    from adapters.kafka.role_topics import RolesUnusable
    from bot.mirror.places import MirrorBusy

    return {
        KafkaMissing: BAD_CONFIGURATION,
        RolesUnusable: BAD_CONFIGURATION,
        LeaseHeld: REFUSED,
        LeaseUnsure: TEMPORARY,
        KafkaUnusable: BAD_CONFIGURATION,
        TopicsMissing: BAD_CONFIGURATION,
        KafkaAway: TEMPORARY,
        BrokersAway: TEMPORARY,
        TooManyDeadLetters: GAVE_UP,
        MirrorBusy: REFUSED,
    }


def _of_files() -> dict[type[Exception], int]:
    """What a file, a data set or a model turns out to be."""
    from adapters.catalog.manifest import DatasetMissing
    from adapters.journal.scan import JournalDamaged
    from adapters.kafka.cursor import CursorDamaged
    from adapters.models.champion import PointerDamaged
    from adapters.models.files import ModelAbsent
    from adapters.recorded.errors import BadRecording, EmptyRecording, ForeignRecording, MissingRecording
    from adapters.simulated.ledger import LedgerDamaged
    from adapters.tables.errors import BadTable, ForeignTable, MissingTable
    from bot.features.catalogue import NotThere
    from bot.features.computed import TooShort
    from bot.schemas import BadSchema, SchemaNotFound
    from contracts.history import DatasetUnusable
    from contracts.ports import ModelRejected
    from contracts.upgrades import UnreadableVersion

    return {
        DatasetMissing: NOT_FOUND,
        DatasetUnusable: BAD_CONFIGURATION,
        UnreadableVersion: BAD_CONFIGURATION,
        BadSchema: BAD_CONFIGURATION,
        SchemaNotFound: NOT_FOUND,
        MissingRecording: NOT_FOUND,
        MissingTable: NOT_FOUND,
        NotThere: NOT_FOUND,
        TooShort: BAD_CONFIGURATION,
        ForeignTable: BAD_CONFIGURATION,
        BadTable: DAMAGED,
        ForeignRecording: BAD_CONFIGURATION,
        EmptyRecording: BAD_CONFIGURATION,
        BadRecording: DAMAGED,
        JournalDamaged: DAMAGED,
        CursorDamaged: DAMAGED,
        ModelAbsent: NOT_FOUND,
        ModelRejected: DAMAGED,
        PointerDamaged: DAMAGED,
        LedgerDamaged: DAMAGED,
    }
