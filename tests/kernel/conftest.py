"""Real kernels for whoever wants one: `lab_kernel` is a private machine per kernel and session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockarmor.kernel.lab import Lab, prepare, restore
from dockarmor.kernel.protocol import KernelUnavailable

FOLDER = Path(os.environ.get("DOCKARMOR_CACHE") or Path.home() / ".cache" / "dockarmor") / "lab"
NEWEST = "6.17"
#: folders whose tests the quick run takes with one kernel, `-m lab` with all: many calls, or dockarmor in the guest
QUICK = {"calls": NEWEST, "host": "6.12"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.parent == Path(__file__).parent and isinstance(item, pytest.Function):
            quick, named = QUICK.get(item.path.parent.name), getattr(item, "callspec", None)
            if quick is not None and named is not None and named.params.get("lab_kernel", quick) != quick:
                item.add_marker("slow")


def started(name: str) -> Lab:
    """A machine of its own; the kernel is prepared on first use. Skips with the reason where it cannot be."""
    try:
        prepare([name], FOLDER, lambda line: print(f"lab: {line}"))
        return restore(name, FOLDER)
    except KernelUnavailable as error:
        pytest.skip(f"no lab kernel {name} here: {error}")


@pytest.fixture(scope="module", params=["6.1", "6.12", NEWEST])
def lab_kernel(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A real kernel: two long-term ones and one that mediates unix sockets (>= 6.17).

    Each module gets its own: what one leaves behind in a kernel is not the next one's to find.
    """
    with started(request.param) as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_tools() -> Path:
    """The unpacked packages of the lab, its Python among them."""
    return FOLDER / "tools"
