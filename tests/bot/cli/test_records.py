"""The verbs of records: tables for people, rows for programs."""

import csv
import io

import pytest

from tests.kit.command_line import bot

VERBS = ("trades", "orders", "equity", "decisions")


@pytest.mark.parametrize("verb", VERBS)
def test_a_table_of_a_run_is_told_as_text_json_and_csv(verb, finished) -> None:
    text, told, raw = (bot(verb, finished, *more) for more in ((), ("--json", "--head", "2"), ("--csv",)))
    assert (text.code, told.code, raw.code) == (0, 0, 0)
    rows = list(csv.DictReader(io.StringIO(raw.out)))
    assert told.json["total"] == len(rows) > 0
    assert told.json["rows"] == told.json["rows"][:2] and list(told.json["rows"][0]) == list(rows[0])
    assert f"{len(rows)} rows of {verb}" in text.err and f"{verb}.parquet" in text.err


def test_a_head_is_what_was_asked_for(finished) -> None:
    assert len(bot("equity", finished, "--head", "3").out.splitlines()) == 4


def test_csv_and_json_at_once_are_wrong_usage(finished) -> None:
    said = bot("orders", finished, "--csv", "--json")
    assert said.code == 2 and "expected one of them" in said.error


def test_an_unknown_run_is_not_found(tmp_path) -> None:
    assert bot("trades", "nobody", "--runs", tmp_path).code == 3
