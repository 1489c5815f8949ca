"""Identities are derived, never drawn: the same run says the same ids again."""

import re
from typing import Final, NamedTuple

_OURS: Final = re.compile(r"k(\d+)-(\d+)-(\d+)-(\d+)")


class OrderIdentity(NamedTuple):
    """What a client order id is made of."""

    account_epoch: int
    decision: int
    leg: int
    attempt: int


def client_order_id(identity: OrderIdentity) -> str:
    """The id under which a venue knows an order, for example `k3-000017-02-1`.

    A pure function of (account epoch, decision number, leg, attempt): it does not move when the topology does, is equal
    on replay, and is never used for another intent because the decision number only grows within an epoch.
    """
    if min(identity) < 0:
        raise ValueError(f"an order identity counts from 0, was {identity}")
    epoch, decision, leg, attempt = identity
    return f"k{epoch}-{decision:06d}-{leg:02d}-{attempt}"


def parse_client_order_id(text: str) -> OrderIdentity:
    """The identity inside an id; raises ValueError for an id that is not ours."""
    parts = _OURS.fullmatch(text)
    if parts is None:
        raise ValueError(f"a client order id looks like k1-000001-00-0, was {text!r}")
    return OrderIdentity._make(map(int, parts.groups()))
