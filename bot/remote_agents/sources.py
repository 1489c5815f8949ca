"""Where a daemon hears agents elsewhere: on Kafka, and nowhere in a run whose time is virtual."""

from adapters.kafka.connection import connection, library
from adapters.kafka.signals import KafkaSignals
from adapters.signals.memory import MemorySignals
from bot.agents import REMOTE
from bot.configuration import BadConfiguration
from bot.profile import Profile
from contracts.ports import SignalSource


def signals_of(profile: Profile, *, virtual: bool) -> SignalSource:
    """The source of a profile; what could never be connected is refused at once and not tried all day.

    Raises BadConfiguration for agents elsewhere without brokers, KafkaMissing, KafkaUnusable, SecretUnreadable.
    """
    remote = [name for name, each in profile.agents.items() if each.kind == REMOTE]
    if not remote or virtual:
        return MemorySignals()
    if profile.kafka is None:
        told = f"agents.{remote[0]} is of the kind {REMOTE}, expected a section [kafka] that says where it is heard"
        raise BadConfiguration(f"profile {profile.name!r}", [told])
    library()
    connection(profile.kafka)
    return KafkaSignals(profile.kafka)
