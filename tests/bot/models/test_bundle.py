import numpy as np

from adapters.models.manifest import decode_golden
from bot.models.bundle import bundle, golden_of, golden_rows
from tests.kit.model_files import a_fit


def test_golden_rows_come_back_bit_for_bit():
    golden = a_fit().golden
    found = golden_of(golden_rows(golden))

    for before, after in zip(golden[:4], found[:4]):
        np.testing.assert_array_equal(before, after)
    assert found.texts == golden.texts
    assert np.isnan(found.x).any()


def test_a_bundle_lists_every_file_with_its_hash():
    manifest, files = bundle(a_fit(), code="c0de", parent="")

    assert manifest.files.keys() == files.keys() == {"golden.json", "reference.json", *manifest.boosters}
    assert len(manifest.boosters) == 18
    assert golden_of(decode_golden(files["golden.json"])).x.shape == (64, 3)


def test_a_set_that_was_not_fitted_is_not_listed():
    manifest, files = bundle(a_fit()._replace(free=()), code="c0de", parent="")

    assert not manifest.free
    assert len(files) == 11
