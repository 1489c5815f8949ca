"""Asynchronous tests run in virtual time unless they name the loops they want."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.kit.virtual_time import LOOPS


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every loop to a test that chooses by `mark.asyncio(loop_factories=...)`, the virtual one to all others."""
    marker = item.get_closest_marker("asyncio")
    chosen = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if chosen else {"virtual": LOOPS["virtual"]}
