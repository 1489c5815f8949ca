"""Tables on disk: whole or not there."""

import pytest

from adapters.records import files
from adapters.records.files import Made, RecordFiles, stamp_of
from adapters.records.rows import TABLES, WeightRow


def made(**changed) -> Made:
    return Made(run="r", stamp="s", messages=1, currency="EUR", thin=False, lacks=(), rows={}, **changed)


NOTHING: dict[str, list] = {name: [] for name in TABLES}


def test_tables_take_the_place_of_those_before(tmp_path) -> None:
    found = RecordFiles(tmp_path)
    assert found.made() is None
    found.keep(made(), NOTHING)
    found.keep(made(), NOTHING | {"weights": [WeightRow(at=1, agent="ofi", weight=0.5)]})
    assert found.made() == made()
    assert len(found.table("weights")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_what_failed_half_way_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    found = RecordFiles(tmp_path)
    found.keep(made(), NOTHING)
    monkeypatch.setattr(files, "written", lambda path, frame: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        found.keep(made(), NOTHING)
    assert found.made() == made() and len(found.table("orders")) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_tables_of_another_format_are_none(tmp_path) -> None:
    found = RecordFiles(tmp_path)
    found.keep(made(format=files.FORMAT + 1), NOTHING)
    assert found.made() is None


def test_the_stamp_of_a_journal_changes_when_it_grows(tmp_path) -> None:
    (tmp_path / "journal").mkdir()
    assert stamp_of(tmp_path) == ""
    segment = tmp_path / "journal" / "journal-000001.seg"
    segment.write_bytes(b"x")
    before = stamp_of(tmp_path)
    segment.write_bytes(b"xy")
    assert stamp_of(tmp_path) != before
