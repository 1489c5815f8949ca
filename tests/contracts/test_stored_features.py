"""Values of a feature store: they come back as they were, or not at all."""

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import stored_features
from contracts.stored_features import (
    COMPRESS_FROM,
    SYMBOL_BYTES_MAX,
    FeatureSet,
    StoredFeatures,
    ValueCodec,
    feature_set,
    stored,
)
from tests.kit.feature_stores import OF, OTHER, SYMBOLS, some_features

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)


def values_of(of: FeatureSet = OF, key: bytes = b"", **changes) -> list[bytes]:
    return ValueCodec(of, key).encode(some_features(of=of, **changes))


def read(value: bytes, *, symbol: str = SYMBOLS[0], key: bytes = b"", since_ns: int = 0) -> tuple[bool, dict[str, int]]:
    codec = ValueCodec(OF, key)
    found = codec.decode((symbol,), (value,), since_ns)
    return bool(found.present[0]), codec.refused


@given(st.lists(FLOATS, min_size=OF.count, max_size=OF.count), st.integers(1, 2**62), st.integers(1, 2**62))
def test_what_is_kept_comes_back_to_the_bit(row, seq, at_ns):
    kept = stored(OF, ("BTC-EUR",), np.array([row], dtype=np.float32).T, seq=seq, at_ns=at_ns)
    codec = ValueCodec(OF)
    found = codec.decode(kept.symbols, codec.encode(kept))
    assert found.values.tobytes() == kept.values.tobytes()
    assert (found.seq[0], found.at_ns[0], codec.refused) == (seq, at_ns, {})


@given(st.data())
def test_no_changed_byte_is_believed(data):
    value = values_of()[0]
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.integers(1, 255))
    changed = value[:at] + bytes([value[at] ^ other]) + value[at + 1 :]
    assert read(changed) == (False, {"damaged": 1})


def test_no_cut_or_lengthened_value_is_believed():
    value = values_of()[0]
    for cut in range(len(value)):
        assert read(value[:cut])[0] is False
    assert read(value + b"\0") == (False, {"damaged": 1})


def test_a_value_of_another_instrument_or_set_is_absent_and_says_why():
    """Planted bug 37: a value used without a look at what it is of."""
    first, second = values_of()[:2]
    assert read(first) == (True, {})
    assert read(second) == (False, {"other instrument": 1})
    assert read(values_of(OTHER)[0]) == (False, {"other set": 1})
    wider = FeatureSet(OF.version, OF.count + 1)
    assert read(ValueCodec(wider).encode(some_features(of=wider))[0]) == (False, {"other set": 1})


def test_what_is_older_than_asked_for_is_absent():
    value = values_of(at_ns=100)[0]
    assert read(value, since_ns=100) == (True, {})
    assert read(value, since_ns=101) == (False, {"old": 1})


def test_without_the_key_nobody_makes_a_value_up():
    assert read(values_of(key=b"ours")[0], key=b"ours") == (True, {})
    assert read(values_of()[0], key=b"ours") == (False, {"damaged": 1})
    assert read(values_of(key=b"theirs")[0], key=b"ours") == (False, {"damaged": 1})


def test_an_answer_of_another_length_is_no_answer():
    codec = ValueCodec(OF)
    found = codec.decode(SYMBOLS, values_of()[:-1])
    assert not found.present.any() and codec.refused == {"missing": len(SYMBOLS)}
    assert np.isnan(found.values).all() and found.values.shape == (len(SYMBOLS), OF.count)


def test_the_present_and_the_absent_keep_their_places():
    kept = some_features()
    values = list(ValueCodec(OF).encode(kept))
    found = ValueCodec(OF).decode(SYMBOLS, [values[0], None, values[2]])
    assert found.present.tolist() == [True, False, True]
    assert np.array_equal(found.values[[0, 2]], kept.values[[0, 2]], equal_nan=True)
    assert np.isnan(found.values[1]).all() and found.seq[1] == 0


def of_many(values: np.ndarray) -> tuple[StoredFeatures, list[bytes]]:
    of = feature_set("wide", len(values), bar_s=60.0, horizon_bars=30)
    kept = stored(of, ("BTC-EUR",), values[:, None], seq=1, at_ns=1)
    return kept, ValueCodec(of).encode(kept)


def test_a_value_is_packed_only_where_that_saves_a_quarter():
    chance = np.random.default_rng(1)
    many = COMPRESS_FROM // 4 * 4
    for values, pays in ((np.full(many, np.nan), True), (chance.normal(size=many), False)):
        kept, (value,) = of_many(values)
        assert (len(value) < 4 * many) == pays
        found = ValueCodec(kept.of).decode(kept.symbols, (value,))
        assert found.values.tobytes() == kept.values.tobytes()
    _, (small,) = of_many(np.full(COMPRESS_FROM // 4 - 1, np.nan))
    assert len(small) > COMPRESS_FROM - 4


def test_a_packed_value_never_unpacks_to_more_than_it_says(monkeypatch):
    kept, _ = of_many(np.full(COMPRESS_FROM, 0.0))
    monkeypatch.setattr(stored_features, "_packed", lambda body: b"\1" + body[1:17] + zlib.compress(bytes(1 << 24)))
    (bomb,) = ValueCodec(kept.of).encode(kept)
    codec = ValueCodec(kept.of)
    tracemalloc.start()
    assert not codec.decode(kept.symbols, (bomb,)).present.any() and codec.refused == {"damaged": 1}
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20, "sixteen megabytes were promised"
    monkeypatch.setattr(stored_features, "_packed", lambda body: b"\1" + body[1:17] + b"no zlib")
    (rubbish,) = ValueCodec(kept.of).encode(kept)
    assert not codec.decode(kept.symbols, (rubbish,)).present.any() and codec.refused == {"damaged": 2}


def test_a_set_is_known_by_its_formulas_its_bars_and_its_horizon():
    sets = {
        feature_set(schema, count, bar_s=bar_s, horizon_bars=bars).version
        for schema in "ab"
        for count in (3, 4)
        for bar_s in (60.0, 300.0)
        for bars in (30, 12)
    }
    assert len(sets) == 16
    assert feature_set("a", 3, bar_s=60, horizon_bars=30) == feature_set("a", 3, bar_s=60.0, horizon_bars=30)


@pytest.mark.parametrize(
    ("version", "count"), [("ab", 3), ("g" * 32, 3), ("A" * 32, 3), ("a" * 32, 0), ("a" * 32, 65_536)]
)
def test_a_set_that_is_none_is_refused(version, count):
    with pytest.raises(ValueError, match="feature set"):
        FeatureSet(version, count)


def test_rows_of_another_set_shape_or_name_are_refused():
    with pytest.raises(ValueError, match="expected"):
        ValueCodec(OTHER).encode(some_features())
    with pytest.raises(ValueError, match=r"shape \(2, 1\), expected"):
        stored(OF, ("BTC-EUR",), np.zeros((2, 1)), seq=1, at_ns=1)
    for symbol in ("", "X" * (SYMBOL_BYTES_MAX + 1)):
        with pytest.raises(ValueError, match="an instrument was named"):
            ValueCodec(OF).encode(some_features(symbols=(symbol,)))
