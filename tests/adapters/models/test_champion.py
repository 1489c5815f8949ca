import pytest

from adapters.models.champion import Champion, PointerDamaged

A, B, C = (letter * 64 for letter in "abc")


def test_the_pointer_says_who_is_champion(tmp_path):
    champion = Champion(tmp_path / "models")

    assert champion.name() == ""
    champion.point(A, "promote", "first")
    assert champion.name() == A
    assert [(each.before, each.after, each.why) for each in champion.history()] == [("", A, "first")]


def test_going_back_twice_goes_back_two_steps(tmp_path):
    champion = Champion(tmp_path)
    for model in (A, B, C):
        champion.point(model, "promote", "better")
    seen = []
    for _ in range(3):
        champion.point(champion.back(), "rollback", "worse")
        seen.append(champion.name())

    assert seen == [B, A, ""]
    with pytest.raises(LookupError, match="nothing to go back to"):
        champion.back()


def test_a_promotion_after_a_rollback_goes_back_to_where_it_was_made(tmp_path):
    champion = Champion(tmp_path)
    champion.point(A, "promote", "")
    champion.point(B, "promote", "")
    champion.point(champion.back(), "rollback", "")
    champion.point(C, "promote", "")

    assert champion.back() == A


@pytest.mark.parametrize("text", ["x", "a" * 63, "../../etc/passwd", "é"])
def test_a_pointer_to_no_model_is_damage(tmp_path, text):
    (tmp_path / "champion").write_text(text)

    with pytest.raises(PointerDamaged, match=r"champion"):
        Champion(tmp_path).name()


def test_a_damaged_history_is_named(tmp_path):
    (tmp_path / "history.json").write_bytes(b"[1")

    with pytest.raises(PointerDamaged, match=r"history.json cannot be read"):
        Champion(tmp_path).history()
