"""Records of every release are read by today's code: one of every message, as it was written then."""

import json
import tomllib

import pytest

from adapters.journal.reader import records, verify
from adapters.kafka.reading import Assembler
from contracts import codec
from contracts.schema_snapshots import documents, record_document, released, releases
from contracts.upgrades import READERS, VERSIONS
from tests.kit.command_line import REPOSITORY
from tests.kit.released import journal_of, kafka_of, kept_releases, values_of


def said_then(value, now):
    """What is now where something was said then: a field that came later is left out."""
    if isinstance(value, dict) and isinstance(now, dict):
        return {name: said_then(each, now[name]) for name, each in value.items()}
    if isinstance(value, list) and isinstance(now, list) and len(value) == len(now):
        return [said_then(one, other) for one, other in zip(value, now)]
    return now


def test_there_are_records_of_every_release_and_every_message_in_it() -> None:
    assert kept_releases() == list(releases())
    for release in releases():
        assert {each["type"] for each in values_of(release)} == set(released(release))


@pytest.mark.parametrize("release", kept_releases())
def test_the_journal_of_a_release_is_read_to_the_last_field(release) -> None:
    disk = journal_of(release)
    assert verify(disk).sealed
    read = {record.seq: record for record in records(disk)}
    for was in values_of(release):
        record = read.pop(was["seq"])
        today, value = READERS.fields(was["type"], was["version"], was["value"])
        assert (record.type, record.version) == (today, VERSIONS[today])
        if was["recorded"] == "full":
            now = json.loads(codec.encode_json(codec.decode(record.type, record.payload)))
            assert said_then(value, now) == value
    assert not read


@pytest.mark.parametrize("release", kept_releases())
def test_what_was_published_as_json_fits_the_schema_of_its_version(release) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    today = documents()
    for was in values_of(release):
        jsonschema.Draft202012Validator(released(release)[was["type"]]).validate(was["value"])
        name, value = READERS.fields(was["type"], was["version"], was["value"])
        jsonschema.Draft202012Validator(today[name]).validate(value)


@pytest.mark.parametrize("release", kept_releases())
def test_the_records_of_a_mirror_of_a_release_are_put_together_again(release) -> None:
    assembler = Assembler()
    heard = {}
    for record in kafka_of(release):
        message = assembler.add(record.topic, record.value, record.headers)
        if message is not None:
            heard[message.seq] = message
    for was in values_of(release):
        message = heard.pop(was["seq"])
        today, value = READERS.fields(was["type"], was["version"], was["value"])
        assert message.type == today
        assert said_then(value, json.loads(codec.encode_json(message.message))) == value
    assert not heard


@pytest.mark.parametrize("release", kept_releases())
def test_the_records_of_a_mirror_fit_the_schema_that_is_published_for_them(release) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for record in kafka_of(release):
        name = dict(record.headers)["schema"].decode().partition("@")[0]
        published = record_document(name, released(release)[name])
        jsonschema.Draft202012Validator(published).validate(json.loads(record.value))


def test_the_version_of_the_project_is_a_release_with_schemas() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] in releases(), "freeze it: docs/schemas.md, 'A release'"
