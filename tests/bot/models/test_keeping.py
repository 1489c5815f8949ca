from bot.models.keeping import KeptLevels

KEY = "ab" * 32


def test_what_was_saved_is_taken_up(tmp_path):
    kept = KeptLevels(tmp_path / "work")
    assert kept.load(KEY) is None
    kept.save(KEY, "0.1 0.2\n1 2\ntree\n")

    assert KeptLevels(tmp_path / "work").load(KEY) == "0.1 0.2\n1 2\ntree\n"


def test_a_file_that_was_cut_or_changed_is_as_if_it_were_not_there(tmp_path):
    kept = KeptLevels(tmp_path)
    kept.save(KEY, "0.1 0.2\n1 2\ntree\n")
    path = tmp_path / f"{KEY}.level"
    whole = path.read_bytes()
    for data in (b"", whole[:-1], whole.replace(b"tree", b"free"), b"\xff" * 80):
        path.write_bytes(data)
        assert kept.load(KEY) is None


def test_a_published_fit_leaves_nothing_behind_but_what_is_others(tmp_path):
    kept = KeptLevels(tmp_path)
    for key in (KEY, "cd" * 32):
        kept.save(key, "x")
    kept.load(KEY)
    kept.clear()

    assert [path.name for path in tmp_path.iterdir()] == [f"{'cd' * 32}.level"]
