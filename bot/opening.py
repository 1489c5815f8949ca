"""Opening a run: the account's lock and epoch, a new directory or the last process's cut run, journal, snapshots."""

import errno
from dataclasses import dataclass
from pathlib import Path

from adapters.journal.disk import PosixDisk
from adapters.journal.recovery import Recovery, examine, recover
from adapters.journal.snapshots import Snapshots
from adapters.journal.writer import JournalWriter
from bot.profile import Profile, store, stored
from bot.replaying import RunIdentity, starts
from bot.runs import PRIVATE, Account, RunsUnusable, run_name
from contracts.ports import JournalFailed


@dataclass(frozen=True)
class OpenRun:
    """A run this process may write: its directory, journal and snapshots, and what was found there (None if new).

    `set_aside` says why the account's last run was not continued although it was never sealed.
    """

    name: str
    directory: Path
    account: Account
    account_epoch: int
    epoch: int
    disk: PosixDisk
    journal: JournalWriter
    snapshots: Snapshots
    found: Recovery | None
    set_aside: str


def open_run(
    profile: Profile,
    directory: Path,
    identity: RunIdentity,
    *,
    virtual: bool,
    fresh: bool,
    passing: bool = False,
    decisions_only: bool = False,
    epoch_min: int = 0,
) -> OpenRun:
    """Take the account, then take up its cut run, or begin a new one.

    A run is taken up if its last process did not seal it and code and profile are still the same; a `fresh` one begins
    anew. So does a `passing` run, on a recording or in history, which trades an account made for it alone: the next
    process does not look for it. With `decisions_only` its journal leaves out what is bulky. The account's epoch will
    be `epoch_min` at least. Raises AccountBusy, RunsUnusable, JournalDamaged, JournalFailed if the disk is full.
    """
    try:
        account = Account(directory, profile.account.name, epoch_min)
        try:
            if passing:
                return _begin(account, profile, virtual, "", decisions_only=decisions_only)
            return _opened(account, profile, identity, virtual=virtual, fresh=fresh)
        except BaseException:
            account.close()
            raise
    except (RunsUnusable, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
            raise JournalFailed(f"the disk of {directory} is full; free some space and start again") from error
        raise


def _opened(account: Account, profile: Profile, identity: RunIdentity, *, virtual: bool, fresh: bool) -> OpenRun:
    set_aside = ""
    if not fresh and account.record.last_run:
        path = account.directory / account.record.last_run
        reason = _why_not(path, profile, identity)
        if reason is None:
            return _take_up(account, path, virtual, profile.journal.full)
        set_aside = reason
    opened = _begin(account, profile, virtual, set_aside)
    account.took_up(opened.name)
    return opened


def _why_not(path: Path, profile: Profile, identity: RunIdentity) -> str | None:
    """Why the account's last run is not continued: empty if it came to its end, None if it is continued."""
    if not (path / "journal").is_dir():
        return ""
    disk = PosixDisk(path / "journal")
    found = examine(disk)
    if found.sealed or not found.records:
        return ""
    last = starts(disk)[-1]
    if last.code != identity.code:
        return f"{path.name} was cut, but the code has changed since"
    if stored(path).digest != profile.digest:
        return f"{path.name} was cut, but the profile has changed since"
    return None


def _begin(
    account: Account, profile: Profile, virtual: bool, set_aside: str, *, decisions_only: bool = False
) -> OpenRun:
    epoch = account.next_epoch()
    name = run_name(profile.name, epoch)
    path = account.directory / name
    try:
        path.mkdir(mode=PRIVATE)
        disk, snapshots = _disks(path)
        journal = JournalWriter(disk, threaded=not virtual, decisions_only=decisions_only, full=profile.journal.full)
        store(profile, path)
    except OSError as error:
        raise RunsUnusable(f"{path} cannot be made: {error.strerror}; choose another with --runs DIR") from error
    return OpenRun(name, path, account, epoch, 1, disk, journal, snapshots, None, set_aside)


def _take_up(account: Account, path: Path, virtual: bool, full: tuple[str, ...]) -> OpenRun:
    epoch = account.next_epoch()
    try:
        disk, snapshots = _disks(path)
        found = recover(disk)
        journal = JournalWriter(disk, after=found, threaded=not virtual, full=full)
    except OSError as error:
        raise RunsUnusable(f"{path} cannot be taken up: {error.strerror}; mend it, or start with --new") from error
    return OpenRun(path.name, path, account, epoch, len(starts(disk)) + 1, disk, journal, snapshots, found, "")


def _disks(path: Path) -> tuple[PosixDisk, Snapshots]:
    for name in ("journal", "snapshots"):
        (path / name).mkdir(mode=PRIVATE, exist_ok=True)
    return PosixDisk(path / "journal"), Snapshots(PosixDisk(path / "snapshots"))
