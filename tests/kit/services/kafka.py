"""A real Apache Kafka: one broker in KRaft mode, its log in a temporary directory, its heap bounded.

The plain listener is the operator's. With certificates there are two more, where everyone is asked who he is and what
he may: SASL_SSL with SCRAM-SHA-512, and SSL that asks for a client's certificate.
"""

import base64
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.kit.services.certificates import Certificates
from tests.kit.services.kafka_settings import LOG4J, broker_properties
from tests.kit.services.process import ServerProcess, free_port

VERSION = "4.1.1"
READY_TOPIC = "keel-ready"
REQUEST_LIMIT_S = 30.0
HEAP = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]


def libraries() -> Path:
    """Where `requirements/services.sh` puts the broker's jars."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "keel" / f"kafka-{VERSION}"


class KafkaServer(ServerProcess):
    """One broker; no topic comes into being by itself. `certificates` open the secured listeners and demand rights."""

    name = "kafka"

    def __init__(self, certificates: Certificates | None = None) -> None:
        super().__init__()
        self.certificates = certificates
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.sasl_bootstrap = f"127.0.0.1:{free_port()}"
        self.mtls_bootstrap = f"127.0.0.1:{free_port()}"
        self._controller = f"127.0.0.1:{free_port()}"

    def prepare(self) -> None:
        (self.directory / "log4j2.properties").write_text(LOG4J)
        secured = {"SASL": self.sasl_bootstrap, "MTLS": self.mtls_bootstrap} if self.certificates else {}
        properties = broker_properties(
            self.directory / "log", {"PLAIN": self.bootstrap, **secured}, self._controller, self.certificates
        )
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        # An id that began with a dash would be taken for an option.
        cluster = "k" + base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")[1:]
        tool = [*self._java(), "kafka.tools.StorageTool", "format", "--standalone"]
        with self.log.open("ab") as log:
            command = [*tool, "-t", cluster, "-c", str(self._properties)]
            subprocess.run(command, stdout=log, stderr=log, timeout=120, check=True)

    def command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    def prove(self) -> None:
        """A topic made, a record acknowledged by all and read back by a group: a port listens long before that."""
        self.create_topics(READY_TOPIC)
        stamp = str(time.monotonic_ns()).encode()
        producer = Producer({"bootstrap.servers": self.bootstrap, "message.timeout.ms": 5000, "log_level": 0})
        producer.produce(READY_TOPIC, stamp)
        if producer.flush(5):
            raise TimeoutError("a record was not acknowledged")
        group = {"group.id": f"ready-{stamp.decode()}", "auto.offset.reset": "earliest", "log_level": 0}
        consumer = Consumer({"bootstrap.servers": self.bootstrap, **group})
        try:
            consumer.subscribe([READY_TOPIC])
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                record = consumer.poll(0.5)
                if record is not None and record.value() == stamp:
                    return
            raise TimeoutError("a record was not read back")
        finally:
            consumer.close()

    def create_topics(self, *names: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        """Make the topics that are not there yet."""
        wanted = [NewTopic(name, num_partitions=partitions, config=dict(config or {})) for name in names]
        admin = self.admin()  # held: the requests of a client that nobody holds are cancelled
        for future in admin.create_topics(wanted, request_timeout=REQUEST_LIMIT_S).values():
            try:
                future.result(REQUEST_LIMIT_S)
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    raise

    def forget_topics(self) -> None:
        """Take away every topic that a test has made: of a broker with thousands a start takes a minute."""
        admin = self.admin()
        made = [name for name in admin.list_topics(timeout=REQUEST_LIMIT_S).topics if not name.startswith("__")]
        for future in (admin.delete_topics(made, request_timeout=REQUEST_LIMIT_S) if made else {}).values():
            future.result(REQUEST_LIMIT_S)

    def add_user(self, name: str, password: str) -> None:
        """Let a user in by SCRAM-SHA-512; he may do nothing yet."""
        credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(name, credential, password.encode())
        admin = self.admin()
        for future in admin.alter_user_scram_credentials([change]).values():
            future.result(REQUEST_LIMIT_S)

    def allow(self, principal: str, prefix: str, operations: Sequence[str]) -> None:
        """Give rights on all topics of a prefix: `allow("User:mirror", "keel.test.", ["WRITE", "DESCRIBE"])`."""
        bindings = [
            AclBinding(
                ResourceType.TOPIC,
                prefix,
                ResourcePatternType.PREFIXED,
                principal,
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for operation in operations
        ]
        admin = self.admin()
        for future in admin.create_acls(bindings).values():
            future.result(REQUEST_LIMIT_S)

    def admin(self) -> AdminClient:
        """The operator's client, at the plain listener."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "socket.timeout.ms": 10_000, "log_level": 0})

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def _java(self) -> list[str]:
        configured = f"-Dlog4j2.configurationFile=file:{self.directory / 'log4j2.properties'}"
        return ["java", *HEAP, configured, "-cp", f"{libraries()}/*"]
