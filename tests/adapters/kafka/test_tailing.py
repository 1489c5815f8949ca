"""Reading on from the end where no broker is: a loss, told in time; the rest needs a real one."""

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.tailing import TailLost, tail
from tests.kit.services.process import free_port
from tests.kit.virtual_time import on_a_real_loop


def nowhere() -> KafkaSettings:
    return KafkaSettings(
        brokers=(f"127.0.0.1:{free_port()}",), env="test", security="plaintext", request_timeout_s=1, send_timeout_s=1
    )


@on_a_real_loop
async def test_brokers_that_are_not_there_are_a_loss_that_names_them() -> None:
    settings = nowhere()
    with pytest.raises(TailLost, match=settings.brokers[0]):
        async with tail(settings, "test", ("market.marks",), from_start=("market.universe",)):
            pass
