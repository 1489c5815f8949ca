"""The door for agents elsewhere: bytes in, frames out; whatever is not in order is refused for one reason and counted.

A record may be anything at all, so nothing of it is believed before it was checked, and nothing is put right: what is
too long, no JSON object of the known fields, named twice in it, not finite, of an unknown agent or instrument, absurd,
old, of the future, said before or one too many, is not taken.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from actors.agents.settings import AgentSettings
from actors.gateways.remote_settings import RemoteCounts, RemoteSettings
from contracts.column import floats, integers
from contracts.instrument import Universe
from contracts.quantities import SECOND_NS, Nanos, nanos
from contracts.remote import RefusedReason, RemoteFrame, RemoteNews, RemoteSignal
from contracts.wire import RawSignal
from quant.beliefs import SCORE_MAX

BYTES_MAX: Final = 4096
SAMPLE_MAX: Final = 200
SENDER_MAX: Final = 160
COUNT_MAX: Final = 2**63 - 1
MU_MAX: Final = 1.5
"""Deviations: five times what any agent may ever earn, a coefficient of 0.1 at a score of 3."""
HORIZON_TOLERANCE: Final = 1e-6

_DECODER: Final = msgspec.json.Decoder(RemoteSignal)


class Refused(Exception):
    """A record that is not taken."""

    def __init__(self, reason: RefusedReason) -> None:
        self.reason: RefusedReason = reason
        super().__init__(reason)


class Door:
    """Checks records against the agents and instruments there are.

    Laws: every record is either in a frame, superseded by a later belief of the same agent about the same instrument in
    the same frame, or counted under one reason; what is taken is finite and within its bounds; of one agent at most
    `rows_burst + rows_s_max * w` rows are taken in any w seconds.
    """

    def __init__(self, settings: RemoteSettings, agents: Mapping[str, AgentSettings], counts: RemoteCounts) -> None:
        self._settings, self._agents, self._counts = settings, agents, counts
        self._universe = 0
        self._column: dict[str, int] = {}
        self._numbers: dict[tuple[str, str], tuple[str, int]] = {}
        self._full_ns: dict[str, Nanos] = {}
        self._untold: dict[RefusedReason, tuple[int, str]] = {}
        self._told_ns: dict[RefusedReason, Nanos] = {}

    def know(self, universe: Universe) -> None:
        """The instruments there are from here on."""
        self._universe = universe.version
        self._column = {symbol: column for column, symbol in enumerate(universe.symbols)}
        self._numbers = {key: said for key, said in self._numbers.items() if key[1] in self._column}

    def take(self, records: Sequence[RawSignal], now_ns: Nanos) -> tuple[RemoteFrame, ...]:
        """One frame for each agent of whom anything was taken, in the order in which they were first heard."""
        taken: dict[str, list[RemoteSignal]] = {}
        for record in records:
            try:
                row = self._checked(record, now_ns)
            except Refused as refused:
                self._refuse(refused.reason, record.data)
            else:
                taken.setdefault(row.agent, []).append(row)
        return tuple(self._frame(agent, rows) for agent, rows in taken.items())

    def news(self, now_ns: Nanos) -> tuple[RemoteNews, ...]:
        """Refusals that are due to be told."""
        quiet_ns = nanos(self._settings.news_s)
        due = [each for each in self._untold if now_ns >= self._told_ns.get(each, -quiet_ns) + quiet_ns]
        self._told_ns |= dict.fromkeys(due, now_ns)
        return tuple(RemoteNews("refused", reason, *self._untold.pop(reason)) for reason in due)

    def _checked(self, record: RawSignal, now_ns: Nanos) -> RemoteSignal:
        row = _decoded(record.data)
        agent = self._agents.get(row.agent)
        if agent is None:
            raise Refused("unknown_agent")
        if row.symbol not in self._column:
            raise Refused("unknown_symbol")
        _check_numbers(row)
        if not math.isclose(row.horizon_s, agent.horizon_s, rel_tol=HORIZON_TOLERANCE):
            raise Refused("horizon")
        said_ns = self._timely(row.said_ns or record.stamped_ns, agent, now_ns)
        self._spend(row.agent, now_ns)
        self._count(row)
        return msgspec.structs.replace(row, said_ns=said_ns)

    def _timely(self, said_ns: Nanos, agent: AgentSettings, now_ns: Nanos) -> Nanos:
        """When it was said by our clock; a moment ahead of it is now."""
        if said_ns > now_ns + nanos(self._settings.ahead_s_max):
            raise Refused("future")
        if said_ns <= 0 or now_ns - said_ns > nanos(agent.age_s_max or agent.horizon_s):
            raise Refused("too_old")
        return min(said_ns, now_ns)

    def _spend(self, agent: str, now_ns: Nanos) -> None:
        """Take one from the agent's bucket, kept as the one instant at which it is full again."""
        interval_ns = round(SECOND_NS / self._settings.rows_s_max)
        full_ns = max(self._full_ns.get(agent, 0), now_ns) + interval_ns
        if full_ns > now_ns + self._settings.rows_burst * interval_ns:
            raise Refused("rate")
        self._full_ns[agent] = full_ns

    def _count(self, row: RemoteSignal) -> None:
        """A sender's numbers rise for each instrument; another sender begins anew."""
        key = row.agent, row.symbol
        if row.number:
            sender, last = self._numbers.get(key, ("", 0))
            if sender == row.sender and row.number <= last:
                raise Refused("duplicate")
            self._numbers[key] = row.sender, row.number

    def _frame(self, agent: str, rows: list[RemoteSignal]) -> RemoteFrame:
        width, counts = len(self._column), self._counts
        mu, sigma, confidence, score = np.full((4, width), np.nan)
        said_ns, heard_seq = np.zeros((2, width), dtype=np.int64)
        for row in rows:
            column = self._column[row.symbol]
            if row.said_ns >= said_ns[column]:
                mu[column], sigma[column], confidence[column] = row.mu, row.sigma, row.confidence
                score[column] = np.nan if row.score is None else row.score
                said_ns[column], heard_seq[column] = row.said_ns, row.based_on
        counts.taken[agent] = counts.taken.get(agent, 0) + len(rows)
        counts.newest_ns[agent] = max(counts.newest_ns.get(agent, 0), int(said_ns.max()))
        return RemoteFrame(
            agent=agent,
            universe=self._universe,
            horizon_s=self._agents[agent].horizon_s,
            mu=floats(mu),
            sigma=floats(sigma),
            confidence=floats(confidence),
            score=floats(score),
            said_ns=integers(said_ns),
            heard_seq=integers(heard_seq),
            sender=rows[-1].sender,
        )

    def _refuse(self, reason: RefusedReason, data: bytes) -> None:
        self._counts.refused[reason] = self._counts.refused.get(reason, 0) + 1
        count, sample = self._untold.get(reason, (0, ""))
        self._untold[reason] = count + 1, sample or repr(data[:SAMPLE_MAX])


def _decoded(data: bytes) -> RemoteSignal:
    if len(data) > BYTES_MAX:
        raise Refused("too_large")
    try:
        row = _DECODER.decode(data)
        # The fields are plain values, so the object is flat: only now is a slower reader let at it.
        json.loads(data, object_pairs_hook=_each_once)
    except (msgspec.DecodeError, ValueError) as error:
        raise Refused("malformed") from error
    if len(row.sender) > SENDER_MAX:
        raise Refused("malformed")
    return row


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field is there twice")


def _check_numbers(row: RemoteSignal) -> None:
    score = 0.0 if row.score is None else row.score
    numbers = (row.mu, row.sigma, row.horizon_s, row.confidence, score)
    if not all(map(math.isfinite, numbers)) or not (row.sigma > 0 and 0 <= row.confidence <= 1):
        raise Refused("bad_number")
    if not all(0 <= each <= COUNT_MAX for each in (row.said_ns, row.number, row.based_on)):
        raise Refused("bad_number")
    if abs(row.mu) > MU_MAX * row.sigma or abs(score) > SCORE_MAX:
        raise Refused("absurd")
