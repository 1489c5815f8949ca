"""Real servers for tests, each one process of its own; what a machine cannot have is named by `cannot_have`."""

import shutil

from tests.kit.services.certificates import Certificates
from tests.kit.services.kafka import KafkaServer, libraries
from tests.kit.services.postgres import PostgresServer, programs
from tests.kit.services.process import DidNotStart, ServerProcess, free_port
from tests.kit.services.redis import RedisServer

__all__ = [
    "Certificates",
    "DidNotStart",
    "KafkaServer",
    "PostgresServer",
    "RedisServer",
    "ServerProcess",
    "cannot_have",
    "free_port",
]

REMEDY = "run requirements/services.sh"


def cannot_have(name: str) -> str | None:
    """Why this machine cannot have `kafka`, `redis` or `postgres`; None when it can."""
    wanting = _WANTING[name]()
    return f"this machine cannot have {name}: {wanting}; {REMEDY}" if wanting else None


def _kafka() -> str | None:
    if shutil.which("java") is None:
        return "no java"
    return None if any(libraries().glob("kafka_*.jar")) else f"no jars in {libraries()}"


def _redis() -> str | None:
    return None if shutil.which("redis-server") and shutil.which("redis-cli") else "no redis-server"


def _postgres() -> str | None:
    try:
        programs()
    except FileNotFoundError as error:
        return str(error)
    return None


_WANTING = {"kafka": _kafka, "redis": _redis, "postgres": _postgres}
