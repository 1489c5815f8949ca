import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.probing import reach
from tests.kit.virtual_time import on_a_real_loop


@asynccontextmanager
async def a_server(*, hangs_up: bool = False) -> AsyncIterator[int]:
    """Says nothing to anyone, and hangs up at once where it is told so."""
    writers = []

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if hangs_up:
            writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()
        await server.wait_closed()


@on_a_real_loop
async def test_what_listens_is_reached() -> None:
    async with a_server() as port:
        finding = await reach("it", "127.0.0.1", port)

    assert finding == ("it", True, f"127.0.0.1:{port}", "")


@on_a_real_loop
async def test_what_does_not_listen_is_to_be_started() -> None:
    async with a_server() as port:
        pass

    finding = await reach("it", "127.0.0.1", port)

    assert not finding.ok and "cannot be reached" in finding.found
    assert "start it" in finding.remedy


@on_a_real_loop
async def test_a_name_nobody_knows_is_told() -> None:
    finding = await reach("it", "nobody.invalid", 9092)

    assert not finding.ok and finding.found.startswith("nobody.invalid:9092 cannot be reached: ")


@on_a_real_loop
async def test_what_hangs_costs_the_limit_and_no_more() -> None:
    async with a_server() as port:
        finding = await reach("it", "127.0.0.1", port, ssl.create_default_context(), limit_s=0.05)

    assert not finding.ok and "did not answer within 0.05 s" in finding.found


@on_a_real_loop
async def test_a_plain_port_is_not_taken_for_one_that_speaks_tls() -> None:
    async with a_server(hangs_up=True) as port:
        finding = await reach("it", "127.0.0.1", port, ssl.create_default_context())

    assert not finding.ok and "hung up on TLS" in finding.found
    assert "TLS" in finding.remedy
