"""The mock broker as a process of its own: `python -m adapters.simulated.process --socket PATH --ledger FILE ...`.

Prints one JSON line when it is ready, runs until SIGTERM or SIGINT (with `--die-with-parent` also until its parent is
gone), and after any end, kill -9 included, takes up the account again from its ledger. Exit codes: 0 ended in order,
2 wrong usage, 4 bad settings or a damaged ledger, 75 the ledger or the port is in use.
"""

import argparse
import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.simulated.ledger import LedgerFile
from adapters.simulated.market import Market
from adapters.simulated.prices import MarketPrices
from adapters.simulated.protocol import LINE_MAX
from adapters.simulated.server import VenueServer
from adapters.simulated.settings import BrokerSettings, MarketSettings
from adapters.simulated.stormy_venue import StormyVenue
from adapters.simulated.venue import SimulatedVenue
from adapters.simulated.weather import WeatherSettings, weather_named
from contracts.quantities import SECOND_NS, Nanos

TURN_S: Final = 0.05
BAD_SETTINGS: Final = 4
IN_USE: Final = 75


class ProcessClock:
    """The machine's time, or a time of one's own that began at `start_ns` when the process did."""

    def __init__(self, start_ns: Nanos | None) -> None:
        self._offset_ns = 0 if start_ns is None else start_ns - time.time_ns()

    def now(self) -> Nanos:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns() + self._offset_ns

    async def sleep_until(self, at_ns: Nanos) -> None:
        """Return at that time, at once if it is past."""
        await asyncio.sleep(max(0, at_ns - self.now()) / SECOND_NS)


class InUse(OSError):
    """Another broker process has this ledger or this address."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the broker; returns the exit code."""
    # Asked before anything is said: a parent that reads the ready line and ends at once must still be missed.
    parent = os.getppid()
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        weather = _weather(options.weather, options.seed)
        market = Market(MarketSettings(seed=options.seed, **_object(options.market, "--market")))
        asyncio.run(_run(options, settings, weather, market, parent))
    except InUse as error:
        return _say(f"{error}; stop the other one or name another", IN_USE)
    except (ValueError, TypeError, msgspec.MsgspecError, InvalidOperation, OSError) as error:
        return _say(str(error), BAD_SETTINGS)
    return 0


async def _run(
    options: argparse.Namespace, settings: BrokerSettings, weather: WeatherSettings, market: Market, parent: int
) -> None:
    with _locked(options.ledger):
        ledger = LedgerFile(options.ledger, sync=options.sync)
        clock = ProcessClock(options.start_ns)
        venue = SimulatedVenue(settings, market.universe, MarketPrices(market), clock, ledger)
        server = VenueServer(StormyVenue(venue, weather, clock))
        listening = await _listen(options, server)
        address = str(options.socket or listening.sockets[0].getsockname()[1])
        ready = {"ready": True, "pid": os.getpid(), "address": address}
        sys.stdout.write(msgspec.json.encode(ready | {"facts": len(ledger.facts)}).decode() + "\n")
        sys.stdout.flush()
        try:
            await _until_ended(parent if options.die_with_parent else None, venue, clock, server)
        finally:
            listening.close()
            server.close()
            ledger.close()


async def _until_ended(parent: int | None, venue: SimulatedVenue, clock: ProcessClock, server: VenueServer) -> None:
    """Until a signal, or until `parent` is not the parent any more."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    while not ended.is_set() and (parent is None or os.getppid() == parent):
        venue.broker.advance(clock.now())
        server.reap()
        await asyncio.sleep(TURN_S)


async def _listen(options: argparse.Namespace, server: VenueServer) -> asyncio.Server:
    try:
        if options.socket is not None:
            os.umask(0o177)
            return await asyncio.start_unix_server(server.serve, options.socket, limit=LINE_MAX)
        return await asyncio.start_server(server.serve, "127.0.0.1", options.port, limit=LINE_MAX)
    except OSError as error:
        raise InUse(f"cannot listen on {options.socket or options.port}: {error}") from error


def _locked(path: Path) -> Any:
    """The lock of a ledger, held until the process ends however it ends."""
    file = path.with_name(path.name + ".lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise InUse(f"{path} belongs to a running broker") from error
    return file


def _settings(options: argparse.Namespace) -> BrokerSettings:
    balances = {}
    for text in options.balance:
        asset, separator, amount = text.partition("=")
        if not (asset and separator):
            raise ValueError(f"--balance was {text!r}, expected ASSET=AMOUNT")
        balances[asset] = Decimal(amount)
    values = _object(options.broker, "--broker") | {"seed": options.seed, "balances": balances}
    return msgspec.convert(values, BrokerSettings)


def _weather(text: str, seed: int) -> WeatherSettings:
    if text.startswith("{"):
        return msgspec.convert(_object(text, "--weather") | {"seed": seed}, WeatherSettings)
    return weather_named(text, seed)


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ValueError(f"{option} was {text!r}, expected a JSON object: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adapters.simulated.process", description="The mock broker.")
    address = parser.add_mutually_exclusive_group(required=True)
    address.add_argument("--socket", type=Path, help="Unix socket to listen on; made with mode 0600")
    address.add_argument("--port", type=int, help="port of 127.0.0.1 to listen on; 0 takes a free one")
    parser.add_argument("--ledger", type=Path, required=True, help="append-only ledger; taken up again if it is there")
    parser.add_argument("--seed", type=int, required=True, help="seed of market, broker and weather")
    parser.add_argument("--balance", action="append", required=True, metavar="ASSET=AMOUNT", help="opening balance")
    parser.add_argument("--start-ns", type=int, default=None, help="a time of its own instead of the machine's")
    parser.add_argument("--broker", default="{}", metavar="JSON", help="fields of BrokerSettings")
    parser.add_argument("--market", default="{}", metavar="JSON", help="fields of MarketSettings")
    parser.add_argument("--weather", default="calm", metavar="calm|rough|JSON", help="faults of the venue")
    parser.add_argument("--sync", action="store_true", help="wait for the disk with every line of the ledger")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the parent process is gone")
    return parser


def _say(problem: str, code: int) -> int:
    sys.stderr.write(f"broker: {problem}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
