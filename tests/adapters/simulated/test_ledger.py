from decimal import Decimal

import pytest

from adapters.simulated.ledger import Ended, Filled, LedgerDamaged, LedgerFile, Opened, Placed, Refused, audit, read

OPENED = Opened(at_ns=0, balances={"EUR": Decimal(500)})


def placed(venue_id="V1", client_id="a", quantity="2"):
    return Placed(
        at_ns=1,
        venue_id=venue_id,
        client_id=client_id,
        symbol="ETH-EUR",
        side="buy",
        quantity=Decimal(quantity),
        limit=Decimal(10),
        reduce_only=False,
    )


def filled(venue_id="V1", client_id="a", quantity="1", side="buy"):
    return Filled(
        at_ns=2,
        venue_id=venue_id,
        client_id=client_id,
        symbol="ETH-EUR",
        trade_id="T1",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(10),
        fee=Decimal("0.01"),
        fee_asset="EUR",
    )


def a_ledger(path, *facts):
    ledger = LedgerFile(path, sync=True)
    for fact in facts:
        ledger.append(fact)
    ledger.close()


def test_facts_are_read_back_as_they_were_written(tmp_path):
    facts = (
        OPENED,
        placed(),
        filled(),
        Ended(at_ns=3, venue_id="V1", client_id="a"),
        Refused(at_ns=4, client_id="b", reason="no"),
    )
    a_ledger(tmp_path / "ledger", *facts)
    assert tuple(read(tmp_path / "ledger")) == facts


def test_an_audit_adds_up_cash_positions_and_orders(tmp_path):
    a_ledger(tmp_path / "ledger", OPENED, placed(), filled(), filled(), Refused(at_ns=4, client_id="b", reason="no"))
    truth = audit(tmp_path / "ledger")
    assert truth.positions == {"ETH-EUR": Decimal(2)}
    assert truth.cash == {"EUR": Decimal("479.98")}
    (order,) = truth.orders["a"]
    assert (order.filled, order.ended, truth.fills, truth.refused, truth.duplicates) == (Decimal(2), True, 2, 1, 0)


def test_an_audit_counts_a_second_order_under_one_client_id(tmp_path):
    a_ledger(tmp_path / "ledger", OPENED, placed(), filled(quantity="2"), placed("V2"), placed("V3"))
    assert audit(tmp_path / "ledger").duplicates == 2


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path, cut):
    path = tmp_path / "ledger"
    a_ledger(path, OPENED, placed(), filled())
    path.write_bytes(path.read_bytes()[:-cut])
    a_ledger(path, Ended(at_ns=3, venue_id="V1", client_id="a"))
    truth = audit(path)
    assert (truth.fills, truth.orders["a"][0].ended) == (0, True)


def test_damage_inside_is_named_with_its_line(tmp_path):
    path = tmp_path / "ledger"
    a_ledger(path, OPENED, placed(), filled())
    path.write_bytes(path.read_bytes().replace(b'"placed"', b'"plaxed"'))
    with pytest.raises(LedgerDamaged, match="line 2"):
        LedgerFile(path)
