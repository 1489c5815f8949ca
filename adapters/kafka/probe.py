"""Whether the brokers take us: each reached, we let in, the topics there and open to us."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from adapters.kafka.connection import KafkaMissing, KafkaUnusable, connection, library, ssl_context
from adapters.kafka.login import open_once, remedy, said, whom
from adapters.kafka.settings import KafkaSettings, host_of
from adapters.probing import LIMIT_S, Finding, reach
from adapters.secret_store import SecretUnreadable
from contracts.quantities import Seconds

UNKNOWN_TOPIC: Final = 3
NOT_ALLOWED: Final = 29
LISTED_MAX: Final = 5


async def probe(settings: KafkaSettings, topics: Sequence[str], limit_s: Seconds = LIMIT_S) -> list[Finding]:
    """One finding for each broker, one for being let in, one for the topics; what cannot be asked yet is left out.

    `topics` are names as Kafka has them. Each look takes `limit_s` at most; nothing is written.
    """
    try:
        library()
        options = connection(settings)
        context = ssl_context(settings) if settings.security != "plaintext" else None
    except KafkaMissing as error:
        return [Finding("kafka client", False, str(error), "pip install 'keel[kafka]'")]
    except (KafkaUnusable, SecretUnreadable) as error:
        return [Finding("kafka secrets", False, str(error), "put it where the profile says, readable by you alone")]
    reached = [
        (broker, await reach(f"kafka {broker}", host_of(broker), int(broker.rpartition(":")[2]), context, limit_s))
        for broker in settings.brokers
    ]
    findings = [finding for _, finding in reached]
    answering = next((broker for broker, finding in reached if finding.ok), None)
    if answering is None:
        return findings
    findings.append(let_in := await _let_in(settings, answering, options, limit_s))
    if let_in.ok and topics:
        findings.append(await _topics(options, topics, limit_s))
    return findings


async def _let_in(settings: KafkaSettings, broker: str, options: dict[str, Any], limit_s: Seconds) -> Finding:
    from aiokafka import errors

    who, name = whom(settings), "kafka login"
    try:
        async with asyncio.timeout(limit_s):
            await open_once(settings, broker, options)
    except TimeoutError:
        return Finding(name, False, f"{broker} took longer than {limit_s:g} s over it", "look at the broker's log")
    except (errors.KafkaError, OSError, ValueError) as error:
        return Finding(name, False, f"{broker} refused {who}: {said(error)}", remedy(settings, error))
    return Finding(name, True, f"as {who}")


async def _topics(options: dict[str, Any], topics: Sequence[str], limit_s: Seconds) -> Finding:
    from aiokafka import errors
    from aiokafka.admin import AIOKafkaAdminClient

    client = AIOKafkaAdminClient(**options)
    try:
        async with asyncio.timeout(limit_s):
            await client.start()
            told = await client.describe_topics(list(topics))
    except TimeoutError:
        return Finding("kafka topics", False, f"not told within {limit_s:g} s", "look at the broker's log")
    except (errors.KafkaError, OSError) as error:
        return Finding("kafka topics", False, f"not told: {said(error)}", "look at the broker's log")
    finally:
        await _close(client)
    return verdict(topics, {each["topic"]: each["error_code"] for each in told})


async def _close(client: Any) -> None:
    """Hang up, whether or not the broker still answers."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await client.close()
    except TimeoutError:
        pass


def verdict(topics: Sequence[str], codes: dict[str, int]) -> Finding:
    """What the broker's error code for each topic amounts to; a topic it does not speak of is missing."""
    missing = [name for name in topics if codes.get(name, UNKNOWN_TOPIC) == UNKNOWN_TOPIC]
    refused = [name for name in topics if codes.get(name) == NOT_ALLOWED]
    if refused:
        rights = "give this user WRITE and DESCRIBE on the topics of its prefix"
        return Finding("kafka topics", False, f"not allowed: {_listed(refused)}", rights)
    if missing:
        return Finding("kafka topics", False, f"missing: {_listed(missing)}", "run: bot topics apply")
    return Finding("kafka topics", True, f"{len(topics)} there")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED_MAX} more" if len(names) > LISTED_MAX else ""
    return ", ".join(names[:LISTED_MAX]) + more
