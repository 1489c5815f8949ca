"""Diffing a run: its journal through both lives, the first held to the record, and one report of what was found."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from adapters.journal.reader import current, records
from adapters.journal.record import Record
from adapters.journal.scan import Scan
from adapters.journal.tail import torn_tail
from bot.diffing.comparing import Comparison, compare
from bot.diffing.policy import Change, Policy
from bot.diffing.twins import twins
from bot.diffing.worth import Judging, Worth
from bot.profile import Profile
from bot.replaying import TOLERANCE, JournalEmpty, RunIdentity, journal_of, starts
from bot.worlds import replayed_bus
from contracts.life import Poisoned, RunStarted
from contracts.ports import Journal
from contracts.quantities import Nanos
from runtime.bus import Bus
from runtime.fingerprint import differences as unlike
from runtime.replay import Comparer, poisoned_seqs

Watch = Callable[[Iterator[Record]], Iterator[Record]]
_MARKING: Final = (RunStarted.__name__, Poisoned.__name__)


class ThinRun(Exception):
    """A run whose journal keeps decisions alone cannot be lived again; exit code 4."""


class DiffReport(msgspec.Struct, frozen=True, kw_only=True):
    """What another policy would have decided where the account stood as it did.

    `own` and `policy` are the names of the profiles, `model` is the model that was chosen, with `ahead` true where it
    was trained on data that lie after the beginning of the run. `worth` judges the choices of slates.
    """

    run: str
    own: str
    policy: str
    changes: tuple[Change, ...]
    model: str
    ahead: bool
    fingerprint_differences: tuple[str, ...]
    comparison: Comparison
    worth: Worth


def diff_run(
    run: Path, profile: Profile, policy: Policy, here: RunIdentity, watch: Watch = lambda going_by: going_by
) -> DiffReport:
    """Hold a run, made by `profile`, against another policy; the caller has verified its journal.

    Raises JournalEmpty, JournalDamaged, ThinRun, and Diverged where this code no longer says what is on record.
    """
    disk = journal_of(run)
    scan = Scan(disk)
    marking = [current(record) for record in _whole(scan.records(), run) if record.type in _MARKING]
    torn_tail(disk, scan)
    if not any(record.type == RunStarted.__name__ for record in marking):
        raise JournalEmpty(f"{run} holds no recorded message: was the run started?")
    started = starts(disk)
    differs = unlike(started[-1].fingerprint, here.fingerprint)
    pairs = twins(
        watch(records(disk)),
        Comparer(tolerance=TOLERANCE if differs else 0.0),
        partial(_recorded_bus, profile, run),
        policy,
        poisoned=poisoned_seqs(marking),
        unfinished=bool(scan.unfinished),
    )
    began_ns = marking[0].at_ns
    fitted, judging = policy.fitted, Judging()
    return DiffReport(
        run=started[-1].run,
        own=profile.name,
        policy=policy.profile.name,
        changes=policy.changed,
        model="" if fitted is None else fitted.model,
        ahead=fitted is not None and fitted.trained_until_ns > began_ns,
        fingerprint_differences=differs,
        comparison=compare(pairs, judging.seen, judging.heard),
        worth=judging.worth(profile.seed),
    )


def _recorded_bus(profile: Profile, run: Path, journal: Journal, now: Callable[[], Nanos]) -> Bus:
    return replayed_bus(profile, journal, now, run)


def _whole(going_by: Iterator[Record], run: Path) -> Iterator[Record]:
    for record in going_by:
        if record.outside and not record.kept:
            raise ThinRun(
                f"{run.name} kept decisions alone, and what it heard is not on record: make it again without "
                "--decisions-only"
            )
        yield record
