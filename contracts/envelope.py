"""The envelope: who said a message, when, in which turn, and because of what."""

from typing import Generic, TypeVar

import msgspec

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct, covariant=True)


class Envelope(msgspec.Struct, Generic[PayloadT], frozen=True, gc=False):
    """One message as the bus delivered it.

    `seq` counts every message of a run from 1 without a hole; `turn` counts outside messages; `cause` is the seq of the
    message being answered (0 for one from outside); `at_ns` is the one instant of the whole turn; `source` is the
    author's name (its role is in the topics table).
    """

    seq: int
    turn: int
    cause: int
    at_ns: int
    source: str
    payload: PayloadT
