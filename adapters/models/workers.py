"""Worker processes: named commands that take arguments and data, answer on stdout, and never outlive their asker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Final

from contracts.ports import WorkFailed
from contracts.quantities import Seconds

NICE: Final = 10
TOLD_BYTES_MAX: Final = 2000


class ProcessWorkers:
    """Each piece of work in a process and process group of its own, at low priority, without a shell.

    `commands` are what may be run, by name; arguments follow them.
    """

    def __init__(self, commands: Mapping[str, tuple[str, ...]]) -> None:
        self._commands = dict(commands)

    async def run(
        self, work: str, arguments: tuple[str, ...], *, data: Sequence[bytes] = (), timeout_s: Seconds
    ) -> str:
        """What the named work printed; raises WorkFailed. Cancelled or too late, its process group is killed."""
        command = _command(self._commands, work)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, *arguments, stdin=PIPE if data else DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except OSError as error:
            raise WorkFailed(f"{work} did not start: {error.strerror}") from error
        try:
            with contextlib.suppress(ProcessLookupError):  # ended already: its code says why
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            async with asyncio.timeout(timeout_s):
                answer, complaint = await _answered(process, data)
        except TimeoutError:
            raise WorkFailed(f"{work} took longer than {timeout_s:g} s and was ended") from None
        finally:
            await _end(process)
        return _told(work, process.returncode or 0, answer, complaint)


class WaitingWorkers:
    """The same, holding up whoever asks: for worlds whose time does not pass while they wait."""

    def __init__(self, commands: Mapping[str, tuple[str, ...]]) -> None:
        self._commands = dict(commands)

    async def run(
        self, work: str, arguments: tuple[str, ...], *, data: Sequence[bytes] = (), timeout_s: Seconds
    ) -> str:
        """What the named work printed; raises WorkFailed."""
        command = _command(self._commands, work)
        try:
            done = subprocess.run(  # noqa: S603, ASYNC221 - our own commands; and waiting is what it is for
                [*command, *arguments],
                input=b"".join(data),
                capture_output=True,
                timeout=timeout_s,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise WorkFailed(f"{work} took longer than {timeout_s:g} s and was ended") from None
        except OSError as error:
            raise WorkFailed(f"{work} did not start: {error.strerror}") from error
        return _told(work, done.returncode, done.stdout, done.stderr)


def _command(commands: Mapping[str, tuple[str, ...]], work: str) -> tuple[str, ...]:
    if work not in commands:
        raise WorkFailed(f"work was {work!r}, expected one of {', '.join(sorted(commands))}")
    return commands[work]


async def _answered(process: Process, data: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Feed the data piece by piece, so that the loop turns between them, then read to the end."""
    if process.stdin is not None:
        # A process that ends without reading everything tells why by its code.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in data:
                process.stdin.write(piece)
                await process.stdin.drain()
        process.stdin.close()
    return await process.communicate()


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _told(work: str, code: int, answer: bytes, complaint: bytes) -> str:
    if code:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with code {code}"
        text = (complaint or answer)[-TOLD_BYTES_MAX:].decode("utf-8", "replace").strip()
        raise WorkFailed(f"{work} {how}: {text}" if text else f"{work} {how}")
    return answer.decode("utf-8", "replace")
