import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.validation import combinatorial, holdout, k_fold, uniqueness, walk_forward

SAID = np.repeat(np.arange(40, dtype=np.int64) * 10, 3)
END = SAID + 25


def lives_meet(split, said=SAID, end=END) -> bool:
    """Whether a training label and a test label share time."""
    return any(((said[split.train] < end[row]) & (end[split.train] > said[row])).any() for row in split.test)


@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 50))
def test_no_fold_trains_on_the_life_of_its_test(folds, life, embargo):
    end = SAID + life
    splits = list(k_fold(SAID, end, folds=folds, embargo_ns=embargo))

    assert np.array_equal(np.sort(np.concatenate([split.test for split in splits])), np.arange(len(SAID)))
    for split in splits:
        assert not lives_meet(split, SAID, end)
        after = SAID[split.train][SAID[split.train] >= end[split.test].max()]
        assert (after >= end[split.test].max() + embargo).all()
        assert not set(SAID[split.test]) & set(SAID[split.train])


def test_without_overlap_nothing_is_purged():
    for split in k_fold(SAID, SAID + 1, folds=5, embargo_ns=0):
        assert len(split.train) + len(split.test) == len(SAID)


def test_every_pair_of_blocks_is_a_test_once():
    splits = list(combinatorial(SAID, END, embargo_ns=10))
    counts = np.bincount(np.concatenate([split.test for split in splits]), minlength=len(SAID))

    assert len(splits) == 15
    assert set(counts) == {5}
    assert not any(lives_meet(split) for split in splits)


def test_a_walk_forward_knows_only_labels_that_were_over():
    splits = list(walk_forward(SAID, END, (100, 250), window_ns=80, embargo_ns=5))

    assert [int(END[split.train].max()) for split in splits] == [95, 245]
    assert [int(SAID[split.train].min()) for split in splits] == [20, 170]
    assert [(int(SAID[split.test].min()), int(SAID[split.test].max())) for split in splits] == [(100, 240), (250, 390)]


def test_the_holdout_is_the_last_part_of_the_instants():
    split = holdout(SAID, END, share=0.2, embargo_ns=0)

    assert SAID[split.test].min() == 320
    assert len(split.test) == 24
    assert END[split.train].max() <= 320


def test_a_label_is_worth_its_share_of_the_time_it_lives():
    said = np.array([0, 0, 10, 20, 100], dtype=np.int64)
    end = np.array([20, 20, 30, 40, 110], dtype=np.int64)

    np.testing.assert_allclose(uniqueness(said, end), [0.75, 0.75, 0.5, 0.75, 1.0])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=30))
def test_uniqueness_is_the_mean_over_life_of_one_over_the_labels_alive(lives):
    said = np.array([life[0] for life in lives], dtype=np.int64)
    end = said + np.array([life[1] for life in lives], dtype=np.int64)
    apart = sorted(set(zip(said.tolist(), end.tolist())))
    alive = {t: sum(a <= t < b for a, b in apart) for t in range(80)}
    expected = [np.mean([1 / alive[t] for t in range(a, b)]) for a, b in zip(said, end)]

    np.testing.assert_allclose(uniqueness(said, end), expected, rtol=1e-12)


def test_bad_questions_are_named():
    with pytest.raises(ValueError, match="41 blocks of 40 instants"):
        list(k_fold(SAID, END, folds=41, embargo_ns=0))
    with pytest.raises(ValueError, match="6 test blocks of 6"):
        list(combinatorial(SAID, END, tests=6, embargo_ns=0))
    with pytest.raises(ValueError, match=r"share was 1.0"):
        holdout(SAID, END, share=1.0, embargo_ns=0)
    with pytest.raises(ValueError, match="1 instants"):
        holdout(SAID[:3], END[:3], share=0.2, embargo_ns=0)
    with pytest.raises(ValueError, match="ends before it was said"):
        uniqueness(SAID, SAID)


@pytest.mark.numbers
@pytest.mark.parametrize("life", [1, 7, 25, 60])
@pytest.mark.parametrize("embargo", [0, 15, 40])
def test_purgedcv_splits_alike(life, embargo):
    purgedcv = pytest.importorskip("purgedcv")
    said = np.arange(120, dtype=np.int64) * 10
    shared = {"prediction_times": said.astype("M8[s]"), "evaluation_times": (said + life).astype("M8[s]")}
    if embargo:
        # Theirs is closed at its end, ours open: one second less for a grid of ten.
        shared["embargo"] = np.timedelta64(embargo - 1, "s")
    rows = np.zeros((120, 1))
    pairs = [
        (purgedcv.PurgedKFold(5, **shared), k_fold(said, said + life, folds=5, embargo_ns=embargo)),
        (
            purgedcv.CombinatorialPurgedCV(6, 2, **shared),
            combinatorial(said, said + life, embargo_ns=embargo),
        ),
    ]
    for theirs, ours in pairs:
        for (train, test), split in zip(theirs.split(rows), ours, strict=True):
            np.testing.assert_array_equal(split.test, test)
            np.testing.assert_array_equal(split.train, train)


@pytest.mark.numbers
def test_skfolio_splits_alike():
    """Theirs purges whole rows: a label of h steps takes h - 1 of them on either side of a test block."""
    selection = pytest.importorskip("skfolio.model_selection")
    said, steps, embargo = np.arange(120, dtype=np.int64), 5, 3
    theirs = selection.CombinatorialPurgedCV(n_folds=6, n_test_folds=2, purged_size=steps - 1, embargo_size=embargo)
    ours = list(combinatorial(said, said + steps, embargo_ns=embargo))

    for (train, tests), split in zip(theirs.split(np.zeros((120, 1))), ours, strict=True):
        np.testing.assert_array_equal(split.test, np.sort(np.concatenate(tests)))
        np.testing.assert_array_equal(split.train, train)
