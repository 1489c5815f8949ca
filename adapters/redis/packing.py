"""Commands of Redis as bytes (RESP), made once and sent in one piece."""

from collections.abc import Sequence


def packed(*words: bytes) -> bytes:
    """One command."""
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


def packed_reads(keys: Sequence[bytes]) -> bytes:
    """One MGET of all keys: one answer, the values in their order."""
    return packed(b"MGET", *keys)


def packed_writes(keys: Sequence[bytes], values: Sequence[bytes], ttl_ms: int) -> bytes:
    """A SET for each key with its time to live, in one piece: as many answers as keys, in one round trip."""
    tail = b"$2\r\nPX\r\n$%d\r\n%d\r\n" % (len(b"%d" % ttl_ms), ttl_ms)
    rows = zip(keys, values, strict=True)
    return b"".join(
        [
            b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n%b" % (len(key), key, len(value), value, tail)
            for key, value in rows
        ]
    )


def escaped(text: str) -> str:
    """Text that a pattern of SCAN takes by its letters."""
    return "".join(f"\\{letter}" if letter in r"*?[]^\-" else letter for letter in text)
