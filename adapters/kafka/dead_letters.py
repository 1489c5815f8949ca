"""Dead letters: which messages could not be mirrored and why, a line each, and a limit beyond which it is an outage."""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

TEXT_MAX: Final = 500


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One message that stays in the journal alone."""

    seq: int
    type: str
    reason: str


class TooManyDeadLetters(Exception):
    """More than the limit: it is not single messages that are wrong; exit code 9."""


class DeadLetters:
    """The file of one mirror. A message is in it once, however often it was tried.

    `known` are the seqs of all that are in it. Raises TooManyDeadLetters from the first one beyond the limit on, that
    one being kept; OSError where the disk fails.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self.known = {letter.seq for letter in read(path)}

    def __len__(self) -> int:
        return len(self.known)

    def add(self, seq: int, kind: str, reason: str) -> None:
        """Keep a letter, on the medium before this returns: the cursor will pass it."""
        if seq not in self.known:
            # The line break comes first: what a crash has cut stays a line of its own.
            line = b"\n" + msgspec.json.encode(DeadLetter(seq=seq, type=kind, reason=reason[:TEXT_MAX]))
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o600), "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self.known.add(seq)
        if len(self.known) > self._most:
            raise TooManyDeadLetters(
                f"{len(self.known)} messages could not be mirrored, at most {self._most} may be left out; "
                f"the last: message {seq} ({kind}): {reason[:TEXT_MAX]}; all are in {self._path}"
            )


def read(path: Path) -> list[DeadLetter]:
    """The letters in a file; a line that a crash has cut is none."""
    letters = []
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                letters.append(msgspec.json.decode(line, type=DeadLetter))
    return letters
