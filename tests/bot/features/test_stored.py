"""Features as somebody keeps them: of a run's last beat; of a store that others can read."""

import numpy as np
import pytest

from bot.configuration import BadConfiguration
from bot.features.computed import Computed
from bot.features.stored import in_run, in_store, of_store
from contracts.ports import StoreUnavailable
from tests.kit.worlds import a_profile


def test_a_run_tells_its_last_beat():
    values = {"ret_1": np.array([[0.1, 0.2], [0.3, np.nan]]), "ret_5": np.array([[1.0, np.inf], [2.0, 3.0]])}
    found = in_run(Computed(("BTC-EUR", "ETH-EUR"), np.array([5, 9]), 60.0, values, False), 1, "canary-000001")
    assert (found.symbol, found.at_ns, found.where) == ("ETH-EUR", 9, "run canary-000001")
    assert found.features == {"ret_1": None, "ret_5": 3.0}


def test_what_is_kept_nowhere_or_in_memory_nobody_else_can_read():
    for profile, says in ((a_profile(), "kept nowhere"), (a_profile(store__kind="memory"), "the daemon's own memory")):
        with pytest.raises(BadConfiguration, match=says):
            in_store(profile, "BTC-EUR")


def test_a_store_that_is_not_there_says_so(tmp_path):
    profile = a_profile(store__kind="redis", store__redis__unix_socket=str(tmp_path / "none"))
    with pytest.raises(StoreUnavailable, match="none"):
        of_store(profile)
