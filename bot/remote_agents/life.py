"""An agent that lives in a process of its own: it hears what it would hear inside, and answers with rows."""

from collections.abc import Callable

import msgspec
import numpy as np

from actors.agents.base import Agent
from actors.agents.settings import AgentSettings
from adapters.kafka.reading import Heard
from bot.configuration import BadConfiguration
from contracts.belief import FeatureFrame, Outcome
from contracts.envelope import Envelope
from contracts.market import UniverseChanged
from contracts.remote import RemoteFrame, RemoteSignal
from contracts.topics import topic_of
from quant.beliefs import SCORE_MAX
from quant.features.engine import REGISTRY

KEEP_FEATURES = 'journal.full = ["belief.features"]'


class AgentLife:
    """One agent through one run after the other, built anew for each, as it is inside.

    What it says is its evidence, before anything was earned: the daemon alone learns what its score is worth, so that
    nothing is corrected twice. `beats` counts features it answered, `rows` its answers.
    """

    def __init__(self, make: Callable[[AgentSettings], Agent], settings: AgentSettings, process: str) -> None:
        self._make, self._settings, self._process = make, settings, process
        self.run = ""
        self.beats = 0
        self.rows = 0
        self._symbols: tuple[str, ...] = ()
        self._begin("")

    @property
    def topics(self) -> tuple[str, ...]:
        """What it hears, as the table names it."""
        return tuple(topic_of(kind).name for kind in self._agent.inputs if kind is not RemoteFrame)

    def hear(self, heard: Heard) -> tuple[RemoteSignal, ...]:
        """Tell it one message; returns what it says to it. Raises BadConfiguration where features cannot be used."""
        if heard.run != self.run:
            self._begin(heard.run)
        if heard.recorded != "full":
            told = f"{heard.type} comes as a digest, expected it whole: the daemon's profile needs {KEEP_FEATURES}"
            raise BadConfiguration(f"agent {self._settings.name!r}", [told])
        message = heard.message
        if isinstance(message, FeatureFrame):
            return self._see(message, heard)
        if isinstance(message, Outcome):
            if message.author == self._settings.name:
                self._agent.hear_outcome(message)
            return ()
        if isinstance(message, UniverseChanged):
            self._symbols = message.universe.symbols
        self._agent.receive(Envelope(heard.seq, heard.turn, heard.cause, heard.at_ns, heard.source, message))
        return ()

    def _begin(self, run: str) -> None:
        self.run = run
        self._agent = self._make(self._settings)
        self._symbols = ()

    def _see(self, features: FeatureFrame, heard: Heard) -> tuple[RemoteSignal, ...]:
        if features.schema != REGISTRY.schema_hash:
            told = (
                f"features are of schema {features.schema}, expected {REGISTRY.schema_hash}: run the daemon's version"
            )
            raise BadConfiguration(f"agent {self._settings.name!r}", [told])
        evidence = self._agent.see(features, heard.at_ns) if self._symbols else None
        if evidence is None:
            return ()
        score = np.clip(evidence.score, -SCORE_MAX, SCORE_MAX)
        sure = np.clip(evidence.freshness, 0.0, 1.0)
        known = np.isfinite(score + evidence.deviation + sure) & (evidence.deviation > 0.0)
        mu = self._agent.worth().coefficient * score * evidence.deviation
        columns = np.array([mu, evidence.deviation, sure, score])[:, known].T.tolist()
        symbols = [symbol for symbol, there in zip(self._symbols, known.tolist(), strict=True) if there]
        self.beats += 1
        self.rows += len(symbols)
        usual = RemoteSignal(
            agent=self._settings.name,
            symbol="",
            mu=0.0,
            sigma=1.0,
            horizon_s=self._settings.horizon_s,
            said_ns=heard.at_ns,
            sender=f"{heard.run}/{self._process}",
            number=heard.seq,
            based_on=heard.seq,
        )
        return tuple(
            msgspec.structs.replace(usual, symbol=symbol, mu=mean, sigma=sigma, confidence=fresh, score=each)
            for symbol, (mean, sigma, fresh, each) in zip(symbols, columns, strict=True)
        )
