"""Whether a Redis takes us: reached, we let in, the few commands open to us and the dangerous ones closed (S16)."""

import asyncio
import socket
import ssl
from typing import Any, Final

from adapters.probing import LIMIT_S, Finding, reach
from adapters.redis.connections import Connections, RedisMissing, library
from adapters.redis.packing import packed
from adapters.redis.settings import RedisSettings
from adapters.secret_store import SecretUnreadable, read_secret
from contracts.quantities import Seconds

DANGEROUS: Final[tuple[tuple[bytes, ...], ...]] = (
    (b"EVAL", b"return 1", b"0"),
    (b"SCRIPT", b"EXISTS", b"0"),
    (b"FUNCTION", b"LIST"),
    (b"CONFIG", b"GET", b"maxmemory"),
    (b"MODULE", b"LIST"),
    (b"KEYS", b"keel-no-such-key"),
)
"""What nobody of ours ever says, each in a form that changes nothing."""

FIXED: Final = {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2}
"""The first releases without the hole of CVE-2025-49844 in EVAL, by line; all later lines are without it."""


async def probe(settings: RedisSettings, limit_s: Seconds = LIMIT_S) -> list[Finding]:
    """Findings for the address, the login, the commands and the version; what cannot be asked yet is left out.

    Each look takes `limit_s` at most. One key is written under the prefix, for a second.
    """
    try:
        connections = Connections(settings)
        if settings.sign_key:
            read_secret(settings.sign_key)
    except RedisMissing as error:
        return [Finding("redis client", False, str(error), "pip install 'keel[redis]'")]
    except SecretUnreadable as error:
        return [Finding("redis secrets", False, str(error), "put it where the profile says, readable by you alone")]
    reached = await _reach(settings, limit_s)
    if not reached.ok:
        return [reached]
    errors: Any = (library().exceptions.RedisError, OSError)
    name = "redis login"
    try:
        async with asyncio.timeout(limit_s):
            connection = await connections.take()
            try:
                findings = await _asked(settings, connection)
            finally:
                await connections.drop(connection)
    except TimeoutError:
        remedy = "it is hung or overloaded: look at its log"
        return [reached, Finding(name, False, f"{settings.address} took longer than {limit_s:g} s", remedy)]
    except errors as error:
        remedy = "username and password must be those of a user in its ACL file"
        return [reached, Finding(name, False, f"{settings.address}: {error}", remedy)]
    return [reached, *findings]


async def _reach(settings: RedisSettings, limit_s: Seconds) -> Finding:
    if settings.unix_socket:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(limit_s)
            try:
                one.connect(settings.unix_socket)
            except OSError as error:
                text = f"{settings.address} cannot be reached: {error.strerror or error}"
                return Finding("redis", False, text, "start it, or correct unix_socket in the profile")
        return Finding("redis", True, settings.address)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None) if settings.tls else None
        if context and settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        return Finding(
            "redis", False, f"its certificates cannot be used: {error}", "correct ca_file, cert_file, key_file"
        )
    return await reach("redis", settings.host, settings.port, context, limit_s)


async def _asked(settings: RedisSettings, connection: Any) -> list[Finding]:
    """What the server lets us say, over one connection that is let in."""
    key = f"{settings.prefix}:probe".encode()
    needed = (
        (b"SET", key, b"1", b"PX", b"1000"),
        (b"MGET", key),
        (b"SCAN", b"0", b"COUNT", b"1"),
        (b"UNLINK", key),
    )
    refused = [words[0].decode() for words in needed if not await _may(connection, words)]
    open_to_us = [words[0].decode() for words in DANGEROUS if await _may(connection, words)]
    if await _may(connection, (b"MGET", b"keel-outside-of-the-prefix")):
        open_to_us.append("keys outside of the prefix")
    told = await _say(connection, (b"HELLO",))
    pairs = dict(zip(told[::2], told[1::2], strict=False)) if isinstance(told, list) else {}
    found = pairs.get(b"version", b"")
    version = found.decode(errors="replace") if isinstance(found, bytes) else ""
    return [
        Finding("redis login", True, f"as {settings.username or 'default'}"),
        *commands_verdict(settings, refused, open_to_us),
        version_verdict(version, "EVAL" in open_to_us),
    ]


def commands_verdict(settings: RedisSettings, refused: list[str], open_to_us: list[str]) -> list[Finding]:
    """Too few rights are always a failure; too many are one where a user of our own was meant."""
    findings = []
    if refused:
        remedy = f"give the user {' '.join(f'+{name.lower()}' for name in refused)} on ~{settings.prefix}:*"
        findings.append(Finding("redis commands", False, f"refused: {', '.join(refused)}", remedy))
    if open_to_us:
        remedy = "give the daemon a user with the rights of deploy/redis/rights.acl"
        closed_off = not settings.username and not settings.tls
        findings.append(Finding("redis rights", closed_off, f"also open to us: {', '.join(open_to_us)}", remedy))
    return findings or [Finding("redis commands", True, "those we need, and no others")]


def version_verdict(version: str, evaluates: bool) -> Finding:
    """An old server is a danger to itself where somebody like us may send it programs."""
    try:
        major, minor, patch = (int(part) for part in version.split(".")[:3])
    except ValueError:
        return Finding("redis version", False, f"it said {version!r}", "is this a Redis?")
    line = (major, minor)
    fixed = line > max(FIXED) or patch >= FIXED.get(line, patch + 1)
    if fixed or not evaluates:
        return Finding("redis version", True, version if fixed else f"{version}, and EVAL is closed to us")
    remedy = "update it, or close EVAL to every user; a distribution may have mended it under this number"
    return Finding("redis version", True, f"{version} is older than the mending of CVE-2025-49844", remedy)


async def _may(connection: Any, words: tuple[bytes, ...]) -> bool:
    """Whether the server takes a command from us; that it knows no such command counts as no."""
    try:
        await _say(connection, words)
    except library().exceptions.ResponseError:
        return False
    return True


async def _say(connection: Any, words: tuple[bytes, ...]) -> Any:
    await connection.send_packed_command(packed(*words), check_health=False)
    return await connection.read_response(disable_decoding=True)
