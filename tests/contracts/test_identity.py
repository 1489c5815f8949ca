"""Identities: a client order id is a pure function of its parts, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identity import OrderIdentity, client_order_id, parse_client_order_id


@given(st.tuples(*[st.integers(0, 99)] * 4))
def test_a_client_order_id_names_its_parts_and_no_other(parts) -> None:
    identity = OrderIdentity(*parts)
    assert parse_client_order_id(client_order_id(identity)) == identity


def test_ids_that_are_not_ours_are_refused() -> None:
    for text in ("", "k1-1", "x1-000001-00-0", "k1-000001-00-0-9", "k-a-b-c"):
        with pytest.raises(ValueError, match="client order id"):
            parse_client_order_id(text)
    with pytest.raises(ValueError, match="counts from 0"):
        client_order_id(OrderIdentity(-1, 0, 0, 0))
