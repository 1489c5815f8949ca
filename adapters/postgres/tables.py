"""The tables of the history: their columns, what names a row, and which of them grow without end."""

from typing import Final

import msgspec


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table; every one begins with `run`, `seq` and `at`.

    `columns` are names with types after these. `key` names a row together with (run, seq, at). `fleeting` tables hold
    what goes after the retention; the others hold what was decided, traded and owned, and stay.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()
    fleeting: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """All columns in order."""
        return ("run", "seq", "at", *self.columns)


_FLOAT: Final = "double precision"
_TIME: Final = "timestamptz"

TABLES: Final[tuple[Table, ...]] = (
    Table(
        name="messages",
        columns={
            "turn": "bigint not null", "cause": "bigint not null", "at_ns": "bigint not null",
            "source": "text not null", "type": "text not null", "version": "smallint not null",
            "outside": "boolean not null", "body": "jsonb", "digest": "bytea",
        },
    ),
    Table(
        name="ticks",
        columns={
            "symbol": "text not null", "bid": _FLOAT, "ask": _FLOAT, "bid_size": _FLOAT, "ask_size": _FLOAT,
            "event_at": _TIME, "epoch": "bigint", "frame": "bigint",
        },
    ),
    Table(
        name="trades",
        columns={
            "symbol": "text not null", "price": _FLOAT, "size": _FLOAT, "aggressor": "text", "trade_id": "bigint",
            "event_at": _TIME,
        },
    ),
    Table(
        name="bars",
        columns={
            "symbol": "text not null", "close_at": _TIME, "bar_s": _FLOAT, "open": _FLOAT, "high": _FLOAT,
            "low": _FLOAT, "close": _FLOAT, "volume": _FLOAT, "trades": "bigint",
        },
        key=("symbol",),
    ),
    Table(
        name="marks",
        columns={
            "symbol": "text not null", "bid": _FLOAT, "ask": _FLOAT, "mid": _FLOAT, "tick_at": _TIME,
            "tick_seq": "bigint",
        },
        key=("symbol",),
    ),
    Table(
        name="signals",
        columns={
            "agent": "text not null", "symbol": "text not null", "horizon_s": _FLOAT, "mu": _FLOAT, "sigma": _FLOAT,
            "confidence": _FLOAT, "score": _FLOAT, "regime": "text",
        },
        key=("symbol",),
    ),
    Table(
        name="slates",
        columns={
            "symbol": "text not null", "horizon_s": _FLOAT, "mu": _FLOAT, "sigma": _FLOAT, "confidence": _FLOAT,
            "disagreement": _FLOAT, "cost_bps": _FLOAT, "p_up": _FLOAT, "rung": "text",
        },
        key=("symbol",),
    ),
    Table(
        name="decisions",
        columns={
            "decision": "bigint", "state": "text", "equity": "numeric", "cvar_after": _FLOAT, "cvar_max": _FLOAT,
            "intents": "integer", "refusals": "integer", "slate_seq": "bigint", "verdict_seq": "bigint",
        },
        fleeting=False,
    ),
    Table(
        name="refusals",
        columns={
            "decision": "bigint", "leg": "integer", "symbol": "text not null", "side": "text", "controls": "text[]",
            "reasons": "text[]",
        },
        fleeting=False,
    ),
    Table(
        name="orders",
        columns={
            "client_id": "text not null", "decision": "bigint", "leg": "integer", "attempt": "integer",
            "symbol": "text not null", "side": "text", "quantity": "numeric", "limit_price": "numeric",
            "reduce_only": "boolean", "expires_at": _TIME, "intent_seq": "bigint",
        },
        fleeting=False,
    ),
    Table(
        name="order_states",
        columns={
            "client_id": "text not null", "symbol": "text not null", "side": "text", "state": "text not null",
            "quantity": "numeric", "filled": "numeric", "open": "numeric", "limit_price": "numeric",
            "decision": "bigint", "reason": "text",
        },
        fleeting=False,
    ),
    Table(
        name="fills",
        columns={
            "client_id": "text not null", "symbol": "text not null", "trade_id": "text not null", "side": "text",
            "quantity": "numeric", "price": "numeric", "fee": "numeric", "fee_asset": "text", "late": "boolean",
            "external": "boolean", "fill_seq": "bigint",
        },
        fleeting=False,
    ),
    Table(
        name="positions",
        columns={
            "symbol": "text not null", "quantity": "numeric", "entry": "numeric", "realised": "numeric",
            "fees": "numeric", "execution_seq": "bigint",
        },
        fleeting=False,
    ),
    Table(
        name="equity",
        columns={
            "currency": "text", "equity": "numeric", "cash": "numeric", "gross": "numeric", "net": "numeric",
            "unrealised": "numeric", "peak": "numeric", "day_start": "numeric", "complete": "boolean",
        },
        fleeting=False,
    ),
    Table(
        name="odd",
        columns={"source": "text", "type": "text", "version": "integer", "why": "text not null", "payload": "bytea"},
        fleeting=False,
    ),
)  # fmt: skip

BY_NAME: Final = {table.name: table for table in TABLES}


def create(table: Table) -> str:
    """The statement that makes a table."""
    columns = ["run text not null", "seq bigint not null", "at timestamptz not null"]
    columns += [f'"{name}" {kind}' for name, kind in table.columns.items()]
    key = ", ".join(f'"{name}"' for name in ("run", "seq", *table.key, "at"))
    return f"create table {table.name} ({', '.join(columns)}, primary key ({key}))"


def index(table: Table) -> str:
    """The statement that lets a table be asked by time; small, because rows come in order of time."""
    return f"create index on {table.name} using brin (at)"
