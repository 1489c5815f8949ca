"""The servers of the kit: each carries something there and back, dies, hangs and comes back with what it kept."""

import subprocess

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.kit.services import KafkaServer, PostgresServer, RedisServer, free_port


def offsets(server: KafkaServer, topic: str) -> tuple[int, int]:
    consumer = Consumer({"bootstrap.servers": server.bootstrap, "group.id": "counting"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    finally:
        consumer.close()


def write(server: KafkaServer, topic: str, *values: bytes, limit_s: float = 10) -> int:
    """How many were not acknowledged."""
    producer = Producer(
        {"bootstrap.servers": server.bootstrap, "message.timeout.ms": int(limit_s * 1000), "log_level": 0}
    )
    for value in values:
        producer.produce(topic, value)
    return producer.flush(limit_s + 1)


def test_a_killed_broker_comes_back_with_what_it_acknowledged(kafka: KafkaServer) -> None:
    kafka.create_topics("servers.kept")
    assert write(kafka, "servers.kept", b"one", b"two") == 0

    kafka.kill()
    assert not kafka.running
    kafka.start()

    assert offsets(kafka, "servers.kept") == (0, 2)


def test_a_paused_broker_acknowledges_nothing_until_it_is_resumed(kafka: KafkaServer) -> None:
    kafka.create_topics("servers.paused")
    kafka.pause()
    write(kafka, "servers.paused", b"lost", limit_s=1)
    kafka.resume()

    assert write(kafka, "servers.paused", b"kept") == 0


def test_a_flushed_redis_knows_nothing(redis: RedisServer) -> None:
    assert redis.ask("SET", "a", "1") == "OK"

    redis.flush()

    assert redis.ask("DBSIZE") == "0"


def test_redis_comes_back_on_the_same_port(redis: RedisServer) -> None:
    port = redis.port
    redis.stop()
    with pytest.raises(subprocess.CalledProcessError):
        redis.ask("PING")
    redis.start()

    assert (redis.ask("PING"), redis.port) == ("PONG", port)


def test_a_killed_postgres_comes_back_with_what_it_committed(postgres: PostgresServer) -> None:
    postgres.ask("create table kept (a integer); insert into kept values (1), (2)")

    postgres.kill()
    postgres.start()

    assert postgres.ask("select sum(a) from kept") == "3"


def test_postgres_refuses_a_wrong_password(postgres: PostgresServer) -> None:
    where = f"postgresql://keel:wrong@{postgres.host}:{postgres.port}/keel"

    done = subprocess.run(
        [postgres.programs / "psql", where, "-c", "select 1"], capture_output=True, text=True, timeout=10
    )

    assert done.returncode != 0 and "password authentication failed" in done.stderr


def test_a_free_port_is_none_that_the_kernel_gives_away() -> None:
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first = int(file.read().split()[0])

    assert all(free_port() < first for _ in range(20))


@pytest.mark.parametrize("name", ["kafka", "redis", "postgres"])
@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_server_that_was_left_in_a_bad_way_is_mended(request: pytest.FixtureRequest, name: str, how: str) -> None:
    server = request.getfixturevalue(name)
    getattr(server, how)()

    server.mend()

    server.prove()
