"""Made bars: sound, on the grid, the same from the same seed, and like a market where it matters."""

from pathlib import Path

import numpy as np
import pytest

from adapters.catalog.opened import open_dataset
from bot.data.checked import check_dataset
from bot.data.making import Recipe, make_dataset
from bot.data.resampling import resample_dataset
from contracts.history import BarBlock, DatasetUnusable
from quant.checking import ZERO_VOLUME
from tests.kit.catalogs import JANUARY_NS


def make(target: Path, seed: int = 7, instruments: int = 6, bars: int = 3000) -> Path:
    make_dataset(target, Recipe(seed, instruments, bars, 60.0, JANUARY_NS), lambda bars: None)
    return target


def block(path: Path) -> BarBlock:
    (found,) = open_dataset(path).bars(60.0, 0, 2**62)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "x")


def test_nothing_is_wrong_with_them_but_silent_minutes(data: Path) -> None:
    findings = check_dataset(data, None, lambda rows: None).findings

    assert {each.what for each in findings} <= {ZERO_VOLUME}
    assert len(open_dataset(data).universe()) == 6


def test_prices_and_volumes_lie_on_the_grid(data: Path) -> None:
    found = block(data)
    for column, instrument in enumerate(open_dataset(data).universe().instruments):
        for values, step in (
            (found.high, instrument.tick),
            (found.low, instrument.tick),
            (found.volume, instrument.lot),
        ):
            steps = values[:, column] / float(step)
            assert np.abs(steps - np.rint(steps)).max() < 1e-4


def test_a_seed_says_it_all_and_more_of_it_changes_nothing_before(data: Path, tmp_path: Path) -> None:
    again, other = make(tmp_path / "again"), make(tmp_path / "other", seed=8)
    more = make(tmp_path / "more", instruments=8, bars=3500)

    assert open_dataset(again).digest == open_dataset(data).digest != open_dataset(other).digest
    assert np.array_equal(block(more).open[0, :6], block(data).open[0])


def test_returns_are_correlated_clustered_and_heavy_tailed(data: Path) -> None:
    returns = np.diff(np.log(block(data).close), axis=0)
    correlation = np.corrcoef(returns.T)[np.triu_indices(6, 1)]
    sizes = np.abs(returns)
    clustering = [np.corrcoef(each[:-1], each[1:])[0, 1] for each in sizes.T]
    kurtosis = ((returns - returns.mean(0)) ** 4).mean(0) / returns.var(0) ** 2

    assert 0.1 < correlation.mean() < 0.8
    assert np.mean(clustering) > 0.05 and np.mean(kurtosis) > 4.0


def test_a_place_that_is_taken_is_refused(data: Path) -> None:
    with pytest.raises(DatasetUnusable, match="is there already"):
        make(data)


def test_longer_bars_lie_beside_the_shorter_ones(tmp_path: Path) -> None:
    path = make(tmp_path / "x", instruments=2, bars=200)
    before = block(path)
    resample_dataset(path, 3600.0, lambda bars: None)

    (hours,) = open_dataset(path).bars(3600.0, 0, 2**62)
    assert hours.close[:, 0].tolist() == before.close[[59, 119, 179], 0].tolist()
    assert np.array_equal(block(path).close, before.close)
    for bar_s, said in (
        (3600.0, "are there already"),
        (90.0, "cannot be made, it has 60 s, 3600 s"),
        (86_400.0, "no whole bar"),
    ):
        with pytest.raises(DatasetUnusable, match=said):
            resample_dataset(path, bar_s, lambda bars: None)


def test_what_is_made_and_interrupted_is_in_no_data_set(tmp_path: Path) -> None:
    def interrupt(bars: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_dataset(tmp_path / "x", Recipe(7, 2, 300, 3600.0, JANUARY_NS), interrupt)
    assert list(tmp_path.iterdir()) == []
