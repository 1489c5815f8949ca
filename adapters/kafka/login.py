"""Why no broker lets us in, where that is so: the library's clients hide it behind `Unable to bootstrap`."""

import asyncio
import ssl
from typing import Any, Final

from adapters.kafka.connection import KafkaUnusable, connection
from adapters.kafka.settings import KafkaSettings, host_of
from contracts.quantities import Seconds

LOGIN_S: Final[Seconds] = 2.0
_OF_A_CONNECTION: Final = frozenset({"client_id", "request_timeout_ms", "ssl_context", "security_protocol"})


async def open_once(settings: KafkaSettings, broker: str, options: dict[str, Any]) -> None:
    """Open one connection as whoever we are, by the library's own hands, and hang up.

    `options` are those of `connection`. Raises the library's KafkaError, OSError and ValueError; not bounded.
    """
    from aiokafka.conn import create_conn

    chosen = {key: value for key, value in options.items() if key in _OF_A_CONNECTION or key.startswith("sasl_")}
    opened = await create_conn(host_of(broker), int(broker.rpartition(":")[2]), **chosen)
    opened.close()


async def check_login(settings: KafkaSettings) -> None:
    """Raises KafkaUnusable where a broker answers and does not let us in; silent where none answers, or one does."""
    from aiokafka import errors

    refused_for_good = (
        errors.SaslAuthenticationFailed,
        errors.UnsupportedSaslMechanismError,
        errors.IllegalSaslStateError,
        ssl.SSLError,
    )
    options, refusal = connection(settings), ""
    for broker in settings.brokers:
        try:
            async with asyncio.timeout(LOGIN_S):
                await open_once(settings, broker, options)
        except (TimeoutError, errors.KafkaError, OSError, ValueError) as error:
            cause = next((each for each in (error, error.__cause__) if isinstance(each, refused_for_good)), None)
            if cause is not None and not refusal:
                refusal = f"{broker} did not let {whom(settings)} in: {said(cause)}; {remedy(settings, cause)}"
        else:
            return
    if refusal:
        raise KafkaUnusable(f"Kafka at {refusal}")


def whom(settings: KafkaSettings) -> str:
    """Who we say we are."""
    return settings.username or (
        f"the certificate {settings.cert_file}" if settings.cert_file else "whoever has no name"
    )


def remedy(settings: KafkaSettings, error: BaseException) -> str:
    """What must be put right where a broker does not let us in."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "ca_file must be the authority that signed its certificate, and its host one that the certificate names"
    if isinstance(error, ssl.SSLError) and "ALERT" not in (error.reason or ""):
        return f"is this the port that speaks {settings.security}?"
    if settings.security == "sasl_ssl":
        return f"username, password and mechanism ({settings.mechanism}) must be those that the broker knows"
    if settings.security == "ssl":
        return "cert_file must be signed by an authority that the broker trusts, and not be over"
    return "is this a plain listener?"


def said(error: BaseException) -> str:
    """The error in its own words, or its name where it has none."""
    return str(error) or type(error).__name__
