"""What the test's broker is told: one node that is broker and controller, small files, one copy of everything."""

from collections.abc import Mapping
from pathlib import Path

from tests.kit.services.certificates import Certificates

PROTOCOLS = {"PLAIN": "PLAINTEXT", "SASL": "SASL_SSL", "MTLS": "SSL", "CONTROLLER": "PLAINTEXT"}

SMALL = {
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.segment.bytes": "16777216",
    "log.index.size.max.bytes": "131072",
    "log.segment.delete.delay.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "controlled.shutdown.max.retries": "1",
    "broker.session.timeout.ms": "2000",  # a killed broker is let in again when its session is over
    "broker.heartbeat.interval.ms": "300",
}
"""The defaults are those of a cluster on large machines: a cleaner alone would take 128 MB of heap."""

LOG4J = """rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c)%n
"""


def broker_properties(
    log: Path, listeners: Mapping[str, str], controller: str, certificates: Certificates | None
) -> dict[str, str]:
    """Everything in `server.properties`; `listeners` is name -> host:port."""
    everyone = {**listeners, "CONTROLLER": controller}
    addresses = ",".join(f"{name}://{address}" for name, address in everyone.items())
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": controller,
        "listeners": addresses,
        "advertised.listeners": addresses,
        "inter.broker.listener.name": "PLAIN",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": ",".join(f"{name}:{PROTOCOLS[name]}" for name in everyone),
        "log.dirs": str(log),
        **SMALL,
    }
    return properties | (_secured(certificates) if certificates else {})


def _secured(certificates: Certificates) -> dict[str, str]:
    """Who comes by a secured listener has the rights written down and no others; the plain one is the operator's."""
    server = certificates.leaf("kafka")
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server.both_file),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.ca_file),
        "listener.name.mtls.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }
