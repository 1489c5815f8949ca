"""The tables: every row knows its run, place and time, and what was traded stays."""

from adapters.postgres.tables import BY_NAME, TABLES, create, index


def test_every_table_begins_alike_and_has_its_key() -> None:
    for table in TABLES:
        assert table.names[:3] == ("run", "seq", "at")
        assert set(table.key) <= set(table.columns)
        assert create(table).endswith(f"primary key ({', '.join(_quoted(table))}))")
        assert index(table) == f"create index on {table.name} using brin (at)"
    assert len(BY_NAME) == len(TABLES)


def _quoted(table) -> list[str]:
    return [f'"{name}"' for name in ("run", "seq", *table.key, "at")]


def test_what_was_decided_traded_and_owned_is_not_fleeting() -> None:
    staying = {table.name for table in TABLES if not table.fleeting}
    assert staying == {"decisions", "refusals", "orders", "order_states", "fills", "positions", "equity", "odd"}


def test_money_is_exact_and_belief_is_float() -> None:
    for name in ("quantity", "price", "fee"):
        assert BY_NAME["fills"].columns[name] == "numeric"
    assert BY_NAME["signals"].columns["mu"] == "double precision"
