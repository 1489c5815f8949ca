"""Whether an endpoint can be reached, in bounded time, and in words that say what to do."""

import asyncio
import ssl
from typing import Final, NamedTuple

from contracts.quantities import Seconds

LIMIT_S: Final[Seconds] = 2.0
"""What one look takes at most."""

_OTHER_HOST: Final = frozenset({62, 64})
"""What the TLS library says of a certificate that is of another host name or address."""
_TLS_REMEDY: Final = "is this the port that speaks as the profile says, by TLS or without?"


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` says what to do where it is not well."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


async def reach(
    name: str, host: str, port: int, context: ssl.SSLContext | None = None, limit_s: Seconds = LIMIT_S
) -> Finding:
    """Connect by TCP, and by TLS where there is a context, and hang up."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=host if context else None, ssl_handshake_timeout=None
            )
    except TimeoutError:
        remedy = "it listens but hangs, or something on the way drops what is sent: look at its log and at firewalls"
        return Finding(name, False, f"{host}:{port} did not answer within {limit_s:g} s", remedy)
    except ssl.SSLError as error:
        return _tls_finding(name, f"{host}:{port}", error)
    except (ConnectionResetError, ConnectionAbortedError):
        return Finding(name, False, f"{host}:{port} hung up" + (" on TLS" if context else ""), _TLS_REMEDY)
    except OSError as error:
        remedy = "start it, or correct its address in the profile"
        return Finding(name, False, f"{host}:{port} cannot be reached: {error.strerror or error}", remedy)
    writer.transport.abort()
    return Finding(name, True, f"{host}:{port}" + (" by TLS" if context else ""))


def _tls_finding(name: str, where: str, error: ssl.SSLError) -> Finding:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return Finding(name, False, f"{where} did not speak TLS: {error.reason or error}", _TLS_REMEDY)
    if error.verify_code in _OTHER_HOST:
        remedy = "address it by a name that its certificate carries"
        return Finding(name, False, f"{where} showed the certificate of another host: {error.verify_message}", remedy)
    remedy = "ca_file must be the authority that signed its certificate"
    return Finding(name, False, f"{where} showed a certificate that is not trusted: {error.verify_message}", remedy)
