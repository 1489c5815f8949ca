"""The process of one agent: what it is told on the command line, and how it ends."""

import asyncio
import contextlib
import signal
from typing import Final

from actors.agents.settings import AgentSettings
from adapters.kafka.settings import KafkaSettings
from bot.agents import REMOTE
from bot.configuration import BadConfiguration
from bot.profile import Profile
from bot.remote_agents.serving import Serving
from contracts.life import GatewayFailed
from contracts.quantities import Seconds
from quant.beliefs import PROMISE
from runtime.seeds import Seeds
from runtime.supervisor import Supervisor

END_S: Final = 5.0
"""Longer than the client may take to be closed."""


def settings_of(profile: Profile | None, name: str, horizon_s: Seconds | None, bar_s: Seconds) -> AgentSettings:
    """The settings of the agent, the profile's where there is one; raises BadConfiguration."""
    if profile is None:
        if horizon_s is None:
            raise BadConfiguration(
                f"agent {name!r}", ["--horizon is missing: as in the daemon's profile, or --profile"]
            )
        return _checked(name, horizon_s, PROMISE, horizon_s, bar_s)
    found = profile.agents.get(name)
    if found is None or found.kind != REMOTE:
        there = ", ".join(each for each, it in profile.agents.items() if it.kind == REMOTE) or "none"
        raise BadConfiguration(
            f"profile {profile.name!r}", [f"has no remote agent {name!r}, it has {there}; name one with --agent"]
        )
    return _checked(name, found.horizon_s, found.prior, found.label_s, profile.bars.bar_s)


def kafka_of(profile: Profile | None, brokers: str, env: str) -> KafkaSettings:
    """Where the agent reads and writes; raises BadConfiguration."""
    if not brokers and not env and profile is not None and profile.kafka is not None:
        return profile.kafka
    if not (brokers and env):
        told = "brokers and env are missing: give --brokers and --env, or --profile with a section [kafka]"
        raise BadConfiguration("the agent's Kafka", [told])
    try:
        return KafkaSettings(brokers=tuple(brokers.split(",")), env=env, security="plaintext")
    except ValueError as error:
        raise BadConfiguration("the agent's Kafka", [f"{error}; what is encrypted is said by --profile"]) from error


def serve(serving: Serving, duration_s: Seconds | None) -> None:
    """Serve until SIGTERM or SIGINT, or until the time is over; raises what ended it before."""
    failed: list[BaseException] = []
    with asyncio.Runner() as runner:
        runner.run(_until_told(serving, duration_s, failed))
    if failed:
        raise failed[0]


async def _until_told(serving: Serving, duration_s: Seconds | None, failed: list[BaseException]) -> None:
    over = asyncio.Event()

    def on_failure(failure: GatewayFailed, error: BaseException | None) -> None:
        failed.append(error or RuntimeError(failure.error))

    supervisor = Supervisor(Seeds(0).generator("agent"), on_failure)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    supervisor.spawn_once("agent", serving.run).add_done_callback(lambda _: over.set())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(duration_s):
            await over.wait()
    await supervisor.shutdown(END_S)


def _checked(name: str, horizon_s: Seconds, prior: float, label_s: Seconds, bar_s: Seconds) -> AgentSettings:
    try:
        return AgentSettings(name=name, horizon_s=horizon_s, prior=prior, label_s=label_s, bar_s=bar_s)
    except ValueError as error:
        raise BadConfiguration(f"agent {name!r}", [str(error)]) from error
