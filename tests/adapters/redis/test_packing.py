"""Commands as bytes: what the client library makes of the same words."""

import redis.asyncio.connection
from hypothesis import given
from hypothesis import strategies as st

from adapters.redis.packing import escaped, packed, packed_reads, packed_writes

WORDS = st.binary(max_size=300)


def theirs(*commands: tuple[bytes, ...]) -> bytes:
    return b"".join(redis.asyncio.connection.Connection().pack_commands(commands))


@given(st.lists(WORDS, min_size=1, max_size=20))
def test_a_command_is_packed_as_the_library_does(words):
    assert packed(b"GET", *words) == theirs((b"GET", *words))
    assert packed_reads(words) == theirs((b"MGET", *words))


@given(st.lists(st.tuples(WORDS, WORDS), max_size=20), st.integers(1, 2**40))
def test_writes_are_one_piece(rows, ttl_ms):
    keys, values = [key for key, _ in rows], [value for _, value in rows]
    wanted = theirs(*((b"SET", key, value, b"PX", b"%d" % ttl_ms) for key, value in rows)) if rows else b""
    assert packed_writes(keys, values, ttl_ms) == wanted


def test_a_pattern_takes_text_by_its_letters():
    assert escaped("a*b?[c]^-\\d") == r"a\*b\?\[c\]\^\-\\d"
