"""A bar for people who wait at a terminal; nothing for anybody else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: fewer items than this are done before a bar is drawn
_WORTH_IT = 8


@contextmanager
def shown_progress(count: int, output: str) -> Iterator[Callable[[int], None]]:
    """Gives the function to call with the number of items that were finished since."""
    if count < _WORTH_IT or not sys.stderr.isatty() or output != "human":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("compiling"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("compiling", total=count)
        yield lambda more: progress.advance(task, more)
