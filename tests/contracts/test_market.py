"""Frames of the market keep their old readers."""

import msgspec

from contracts import codec
from contracts.column import floats, integers
from contracts.market import BookFrame


def test_a_book_frame_of_before_it_had_more_columns_is_still_read() -> None:
    """Its bytes hold eight fields; what was not said then is empty now."""
    row = floats([1.0, 2.0])
    frame = BookFrame(1, row, row, row, row, row, row, row, integers([3, 4]))
    old = {name: getattr(frame, name) for name in frame.__struct_fields__[:9]}
    written = codec.encode(msgspec.defstruct("BookFrame", list(old), frozen=True)(**old))

    read = codec.decode("BookFrame", written)

    assert isinstance(read, BookFrame)
    assert read == frame
    assert len(read.ofi_60s) == 0
