"""A progress bar on stderr for what takes long, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]


@contextmanager
def progress(title: str, total: int, worth: int) -> Iterator[Advance]:
    """Show how much of `total` is done; the bar is gone afterwards.

    Without a terminal, and for less than is `worth` a bar, there never is one.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=total < worth or not console.is_terminal) as shown:
        task = shown.add_task(title, total=max(total, 1))
        yield lambda done: shown.advance(task, done)
