"""Topics: every type has one, authors are told apart, and only what must be kept whole is."""

from contracts.topics import BY_TYPE, BY_TYPE_NAME, DECISIVE, TABLE, topic_of
from tests.kit.market import a_tick


def test_every_type_has_exactly_one_topic_and_every_topic_one_type() -> None:
    assert len(BY_TYPE) == len(TABLE) == len(BY_TYPE_NAME) == len({topic.name for topic in TABLE})


def test_outside_and_derived_never_share_an_author() -> None:
    outside = {topic.author for topic in TABLE if topic.outside}
    derived = {topic.author for topic in TABLE if not topic.outside}
    assert not outside & derived


def test_only_the_gate_approves_and_only_the_desk_orders() -> None:
    assert [BY_TYPE[kind].author for kind in DECISIVE] == ["selector", "gate", "gate", "desk"]


def test_every_key_is_a_field_of_its_type() -> None:
    for topic in TABLE:
        assert not topic.key or topic.key in topic.payload.__struct_fields__, topic.name


def test_every_message_is_frozen() -> None:
    for topic in TABLE:
        assert topic.payload.__struct_config__.frozen, topic.payload


def test_the_topic_of_a_message_is_found_by_message_and_by_type() -> None:
    assert topic_of(a_tick()) is topic_of(type(a_tick()))
