"""What can be wrong with a recording; each error names the file and says what was expected."""


class BadRecording(ValueError):
    """A file that cannot be played as a recording."""


class MissingRecording(BadRecording):
    """No readable file at this path."""


class TruncatedRecording(BadRecording):
    """The compressed stream ends before its end."""


class DamagedRecording(BadRecording):
    """The file is of a known format, but its bytes or one of its lines are not."""


class ForeignRecording(BadRecording):
    """A file of another venue or another format."""

    SUPPORTED = "Coinbase Advanced Trade, Binance spot and Binance USD-M recordings"


class EmptyRecording(BadRecording):
    """A recording without a single market frame."""
