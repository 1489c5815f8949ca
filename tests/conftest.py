"""Asynchronous tests run in virtual time unless they name their loops; property tests draw the same examples."""

import asyncio
import os
from collections.abc import Callable, Mapping

import pytest

from tests.kit.virtual_time import LOOPS

# Read by Hypothesis when it is first imported: its `ci` profile is the deterministic one. Naming the profile to pytest
# instead would import Hypothesis into every run, for two thirds of a second.
os.environ.setdefault("CI", "true")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every loop to a test that chooses by `mark.asyncio(loop_factories=...)`, the virtual one to all others."""
    marker = item.get_closest_marker("asyncio")
    chosen = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if chosen else {"virtual": LOOPS["virtual"]}
