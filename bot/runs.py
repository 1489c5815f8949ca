"""Run directories: one per run under its account, one writer per account, and who wrote last.

RUNS/ACCOUNT/account.lock     held while a daemon works on the account
RUNS/ACCOUNT/account.json     the account's epoch, its last run, its latches
RUNS/ACCOUNT/RUN/             profile.json, journal/, snapshots/, control.sock, stalled.json, broker.jsonl
"""

import errno
import fcntl
import os
import re
from pathlib import Path
from typing import Final

import msgspec

RUN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*-\d{6}")
PRIVATE: Final = 0o700
SHOWN_MAX: Final = 200


class RunsUnusable(Exception):
    """The run directory cannot be made or written; exit code 4."""


class AccountBusy(Exception):
    """Another daemon holds the account; exit code 6."""


class RunNotFound(Exception):
    """No such run; exit code 3."""


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What outlives every run of an account."""

    epoch: int = 0
    last_run: str = ""
    latches: tuple[str, ...] = ()


class Account:
    """An account's directory, locked for this process until `close`.

    Its next epoch is `epoch_min` at least, where other machines have worked on the account too.

    Raises:
        RunsUnusable: the directory cannot be made or written.
        AccountBusy: another process holds the lock.
    """

    def __init__(self, directory: Path, name: str, epoch_min: int = 0) -> None:
        self.name = name
        self._epoch_min = epoch_min
        self.directory = directory / name
        try:
            self.directory.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            self._lock = os.open(self.directory / "account.lock", flags, 0o600)
        except OSError as error:
            raise RunsUnusable(
                f"runs directory {directory} cannot be used: {error.strerror}; "
                "give another with --runs DIR or BOT__RUNS__DIRECTORY"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise AccountBusy(
                f"account {name!r} is in use by another daemon on {self.directory}; "
                "stop that one first (bot stop), or give this one another account.name or --runs DIR"
            ) from error
        self.record = self._read()

    def next_epoch(self) -> int:
        """Fence off every process before this one: the next epoch, on the disk before it is used."""
        epoch = max(self._epoch_min, self.record.epoch + 1)
        self._write(msgspec.structs.replace(self.record, epoch=epoch))
        return self.record.epoch

    def took_up(self, run: str) -> None:
        """This run is now the account's last."""
        self._write(msgspec.structs.replace(self.record, last_run=run))

    def latched(self, latches: tuple[str, ...]) -> None:
        """Remember the latches beyond the end of the run."""
        if latches != self.record.latches:
            self._write(msgspec.structs.replace(self.record, latches=latches))

    def close(self) -> None:
        """Let the next daemon in."""
        os.close(self._lock)

    def _read(self) -> AccountRecord:
        path = self.directory / "account.json"
        if not path.exists():
            self._refuse_a_lost_record(path)
            return AccountRecord()
        try:
            return msgspec.json.decode(path.read_bytes(), type=AccountRecord)
        except (OSError, msgspec.DecodeError) as error:
            raise RunsUnusable(
                f"{path} cannot be read: {error}; restore it, its epoch keeps order ids apart"
            ) from error

    def _refuse_a_lost_record(self, path: Path) -> None:
        """Runs without the account's record: to count from 1 again would use order ids a second time."""
        if any(RUN_NAME.fullmatch(run.name) for run in self.directory.iterdir()):
            raise RunsUnusable(
                f"{path} is missing, but there are runs beside it; restore it, its epoch keeps order ids apart, "
                "or move the runs elsewhere"
            )

    def _write(self, record: AccountRecord) -> None:
        path = self.directory / "account.json"
        try:
            replace_file(path, msgspec.json.format(msgspec.json.encode(record)) + b"\n")
        except OSError as error:
            raise RunsUnusable(f"{path} cannot be written: {error.strerror}") from error
        self.record = record


def epoch_on_record(directory: Path, name: str) -> int:
    """The last epoch of an account in these runs, 0 for none; without its lock, so only a lower bound."""
    try:
        return msgspec.json.decode((directory / name / "account.json").read_bytes(), type=AccountRecord).epoch
    except (OSError, msgspec.DecodeError):
        return 0


def replace_file(path: Path, content: bytes) -> None:
    """Write whole or not at all, and be on the disk when this returns."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def run_name(profile: str, account_epoch: int) -> str:
    """The name of a new run: equal for equal profiles and epochs, in order of time within an account."""
    return f"{profile}-{account_epoch:06d}"


def all_runs(directory: Path) -> tuple[Path, ...]:
    """Every run under a runs directory, oldest first by the last word of its journal.

    Not by its directory: a report, a table or a cursor that is written there years later makes no run the last one.
    """
    if not directory.is_dir():
        return ()
    found = [path for path in directory.glob("*/*") if RUN_NAME.fullmatch(path.name) and (path / "journal").is_dir()]
    return tuple(sorted(found, key=lambda path: (_spoke_ns(path), path.name)))


def _spoke_ns(run: Path) -> int:
    """When a journal was last written; of one without a word, when its run was made."""
    written = [each.stat().st_mtime_ns for each in (run / "journal").glob("*.seg")]
    return max(written, default=run.stat().st_mtime_ns)


def begun(run: Path) -> bool:
    """Whether anything was ever recorded in a run; one that failed at its start is not what `last` means."""
    return any(path.stat().st_size for path in (run / "journal").glob("*.seg"))


def find_run(directory: Path, wanted: str) -> Path:
    """A run by path, by name, by `ACCOUNT/NAME`, or `last`; raises RunNotFound naming what there is."""
    if _is_run(wanted):
        return Path(wanted)
    runs = all_runs(directory)
    if wanted == "last" and runs:
        return next((run for run in reversed(runs) if begun(run)), runs[-1])
    matching = [path for path in runs if wanted in (path.name, f"{path.parent.name}/{path.name}")]
    if len(matching) == 1:
        return matching[0]
    wanted = wanted if len(wanted) <= SHOWN_MAX else f"{wanted[:SHOWN_MAX]}…"
    known = ", ".join(f"{path.parent.name}/{path.name}" for path in (matching or runs)[-8:]) or "none yet"
    if matching:
        raise RunNotFound(f"run {wanted!r} is in several accounts, name one of: {known}")
    hint = "" if runs else "; start one with `bot run`, or name another place with --runs DIR"
    raise RunNotFound(f"run {wanted!r} was not found under {directory} (there are: {known}){hint}")


def _is_run(path: str) -> bool:
    """Whether a path leads to a run: its name says so, or a journal with segments in it."""
    try:
        journal = Path(path) / "journal"
        named = RUN_NAME.fullmatch(Path(path).name) is not None
        return bool(path) and journal.is_dir() and (named or any(journal.glob("*.seg")))
    except (OSError, ValueError):
        return False
