"""A secret is seen by whoever asks for it by name, and by nobody else."""

import copy
import pickle
import traceback

import msgspec
import pytest

from contracts.codec import encode, encode_json
from contracts.secret import Secret, check_reference

VALUE = "correct horse battery staple"


def test_a_secret_is_revealed_to_who_asks() -> None:
    assert Secret(VALUE).reveal() == VALUE
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("another")
    assert not Secret("")


def test_no_text_of_a_secret_holds_it() -> None:
    secret = Secret(VALUE)

    texts = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!s:>40}",
        "{}".format(secret),  # noqa: UP032
        repr([secret]),
        repr({1: secret}),
    ]
    assert [text for text in texts if VALUE in text] == []


@pytest.mark.parametrize(
    "act", [pickle.dumps, copy.copy, copy.deepcopy, hash, encode, encode_json, msgspec.to_builtins]
)
def test_nothing_carries_a_secret_away(act) -> None:
    with pytest.raises((TypeError, NotImplementedError)) as refused:
        act(Secret(VALUE))

    assert VALUE not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("reference", ["env:KAFKA_PASSWORD", "env:_x1", "file:/run/secrets/kafka", "file:a b"])
def test_a_reference_names_a_variable_or_a_file(reference: str) -> None:
    check_reference("password", reference)


@pytest.mark.parametrize("text", [VALUE, "", "env:", "env:1X", "env:A-B", "file:", "keyring:x", " env:X"])
def test_what_is_no_reference_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=f"password was {len(text)} letters that are no reference") as refused:
        check_reference("password", text)

    assert VALUE not in str(refused.value)
