"""From settings to a connection: what every client of Kafka here is built with."""

import logging
import ssl
from pathlib import Path
from typing import Any, Final

from adapters.kafka.settings import KafkaSettings
from adapters.secret_store import SecretUnreadable, check_private, read_secret

CLIENT: Final = "keel"
METADATA_AGE_MS: Final = 30_000
RETRY_BACKOFF_MS: Final = 200
_PROTOCOLS: Final = {"plaintext": "PLAINTEXT", "ssl": "SSL", "sasl_ssl": "SASL_SSL"}


class KafkaMissing(Exception):
    """The client library is not installed; exit code 4."""


class KafkaUnusable(Exception):
    """Files or secrets of the connection cannot be used; exit code 4."""


class TopicsMissing(Exception):
    """The brokers have not all the topics; exit code 4."""


NOT_LET_IN: Final = (KafkaUnusable, TopicsMissing, SecretUnreadable)
"""What trying again does not mend."""


class BrokersAway(ConnectionError):
    """The brokers took nothing for as long as they were given; exit code 75."""


def library() -> Any:
    """The client library, imported when it is needed; raises KafkaMissing with the remedy."""
    try:
        import aiokafka
    except ImportError as error:
        raise KafkaMissing(f"aiokafka is not installed ({error}); run: pip install 'keel[kafka]'") from error
    # What fails is told by whoever uses the client, once; the library would repeat it several times a second.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return aiokafka


def connection(settings: KafkaSettings, client: str = CLIENT) -> dict[str, Any]:
    """The arguments that any aiokafka producer, consumer or admin client takes.

    They hold the password in the clear: never printed, never kept. Raises KafkaUnusable for certificates that cannot
    be read, SecretUnreadable for secrets that are missing or open to others.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.brokers),
        "client_id": client,
        "security_protocol": _PROTOCOLS[settings.security],
        "request_timeout_ms": round(settings.request_timeout_s * 1000),
        "metadata_max_age_ms": METADATA_AGE_MS,
        "retry_backoff_ms": RETRY_BACKOFF_MS,
    }
    if settings.security != "plaintext":
        options["ssl_context"] = ssl_context(settings)
    if settings.security == "sasl_ssl":
        options["sasl_mechanism"] = settings.mechanism
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = read_secret(settings.password).reveal()
    return options


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    """TLS 1.2 and up, the broker's name checked, with our own certificate where there is one."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert_file:
            check_private(Path(settings.key_file))
            # Without a password the library would ask the terminal for one.
            password = read_secret(settings.key_password).reveal() if settings.key_password else ""
            context.load_cert_chain(settings.cert_file, settings.key_file, password=password)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(name for name in (settings.ca_file, settings.cert_file, settings.key_file) if name)
        raise KafkaUnusable(f"the certificates of Kafka cannot be used ({files}): {error}") from error
    return context
