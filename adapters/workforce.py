"""Many independent pieces of work at once: in processes of this machine, or on a cluster that the user has.

`joblib` is always there; `dask:ADDRESS` and `ray` (or `ray:ADDRESS`) need those libraries, which are not ours to
install. Results come as they are finished, in no order; work must be a function of a module and arguments that pickle.
"""

import importlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

KINDS = ("joblib", "dask:ADDRESS", "ray", "ray:ADDRESS")
PARENT_POLL_S: Final = 0.25


class NoWorkforce(Exception):
    """A workforce that cannot be had: the library is missing, or the name is none of KINDS."""


def spread(workforce: str, workers: int, work: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]) -> Iterator[ResultT]:
    """The results of all tasks as they come.

    One worker works in this very process. Raises NoWorkforce, and whatever the work raises.
    """
    kind, _, address = workforce.partition(":")
    if kind == "joblib":
        return _joblib(workers, work, tasks)
    if kind == "dask" and address:
        return _dask(address, work, tasks)
    if kind == "ray":
        return _ray(address, work, tasks)
    raise NoWorkforce(f"workforce was {workforce!r}, expected one of {', '.join(KINDS)}")


def _joblib(workers: int, work: Callable[[TaskT], ResultT], tasks: Iterable[TaskT]) -> Iterator[ResultT]:
    if workers == 1:
        return (work(task) for task in tasks)
    joblib = _library("joblib", "joblib")
    results = joblib.Parallel(
        n_jobs=workers, return_as="generator_unordered", initializer=_end_with, initargs=(os.getpid(),)
    )(joblib.delayed(work)(task) for task in tasks)
    return iter(results)


def _end_with(parent: int) -> None:
    """End this worker once its parent has gone: what it works at would be in the way of whoever goes on."""

    def watch() -> None:
        never = threading.Event()
        while os.getppid() == parent:
            never.wait(PARENT_POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _dask(address: str, work: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]) -> Iterator[ResultT]:
    distributed = _library("dask.distributed", "dask")
    with distributed.Client(address) as client:
        for future in distributed.as_completed(client.map(work, tasks, pure=False)):
            yield future.result()


def _ray(address: str, work: Callable[[TaskT], ResultT], tasks: Iterable[TaskT]) -> Iterator[ResultT]:
    ray = _library("ray", "ray")
    ray.init(address=address or None, ignore_reinit_error=True)
    remote = ray.remote(work)
    waiting = [remote.remote(task) for task in tasks]
    while waiting:
        done, waiting = ray.wait(waiting)
        yield from ray.get(done)


def _library(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NoWorkforce(f"{package} is not installed: {error}; install it, or use --with joblib") from error
