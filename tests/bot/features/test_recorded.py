"""The features of a run, made again from its record."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.features.recorded import features_of
from bot.replaying import JournalEmpty
from quant.features.engine import REGISTRY


def test_a_run_shows_its_features_at_every_beat(finished: Path) -> None:
    found = features_of(finished)

    assert tuple(found.features) == REGISTRY.names
    assert found.features["imb_l1"].shape == (len(found.symbols), len(found.at_ns))
    assert len(found.at_ns) >= 7
    assert np.isfinite(found.features["spread_bp"]).any()
    assert (np.diff(found.at_ns) > 0).all()


def test_a_run_without_a_record_has_no_features(copied: Path) -> None:
    shutil.rmtree(copied / "journal")
    with pytest.raises(JournalEmpty):
        features_of(copied)
