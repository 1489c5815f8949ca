import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.model_text import BadModelText, examine, first_trees
from quant.quantile_regression import BoosterSettings
from tests.kit.learning import level_fits, some_texts

TEXT = some_texts().residual[3]
LINES = TEXT.split("\n")


def test_what_lightgbm_wrote_comes_through():
    found = examine(TEXT, 3)

    assert (found.trees, found.leaves) == (12, 48)
    assert all(examine(text, 3).trees > 0 for text in some_texts().residual)


def test_a_booster_of_one_stump_comes_through():
    stump = level_fits(settings=BoosterSettings(leaf_rows=400))[4].text()

    assert examine(stump, 3) == (1, 1)


def test_a_split_between_known_and_absent_comes_through():
    """LightGBM writes `inf` as the threshold of such a split."""
    assert examine(with_line("threshold", first("inf")), 3).trees == 12


def with_line(key: str, change) -> str:
    """The text with the first line of that key changed and the sizes of the trees made right again."""
    number = next(place for place, line in enumerate(LINES) if line.startswith(key + "="))
    lines = [*LINES[:number], key + "=" + change(LINES[number].split("=", 1)[1]), *LINES[number + 1 :]]
    return resized("\n".join(lines))


def resized(text: str) -> str:
    head, _, body = text.partition("\n\n")
    blocks = re.split(r"(?=Tree=)", body.removesuffix("end of trees\n"))[1:]
    sizes = " ".join(str(len(block)) for block in blocks)
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", head) + "\n\n" + body


def first(value: str):
    return lambda text: " ".join([value, *text.split()[1:]])


@pytest.mark.parametrize(
    ("key", "change", "complaint"),
    [
        ("left_child", first("0"), "a child out of range, twice or never"),
        ("left_child", first("7"), "a child out of range, twice or never"),
        ("right_child", first("-9"), "a child out of range, twice or never"),
        ("left_child", lambda text: text.split(" ", 1)[1], "left_child has 2 entries, expected 3"),
        ("split_feature", first("3"), "splits on an input outside 0 to 2"),
        ("split_feature", first("-1"), "splits on an input outside 0 to 2"),
        ("split_feature", first("99999999999"), "expected whole numbers"),
        ("threshold", first("nan"), "expected numbers"),
        ("threshold", first("-inf"), "expected numbers"),
        ("leaf_value", first("inf"), "expected numbers"),
        ("threshold", first("1e+999"), "one beyond all bounds"),
        ("threshold", first("0x1p3"), "expected numbers"),
        ("leaf_value", first("101"), "a leaf beyond 100"),
        ("leaf_value", first("1_0"), "expected numbers"),
        ("leaf_value", lambda text: text + " 1", "leaf_value has 5 entries or"),
        ("decision_type", first("1"), "a split that is none of ours"),
        ("leaf_count", first("1000"), "below it"),
        ("leaf_count", first("-5"), "fewer than no rows"),
        ("num_leaves", lambda text: "65", "65 leaves, expected 1 to 64"),
        ("num_leaves", lambda text: "0", "0 leaves, expected 1 to 64"),
        ("num_leaves", lambda text: "3", "expected 2"),
        ("num_cat", lambda text: "1", "categorical or linear"),
        ("is_linear", lambda text: "1", "categorical or linear"),
        ("shrinkage", lambda text: "0", "shrinkage 0.0"),
        ("version", lambda text: "v3", "header line was"),
        ("objective", lambda text: "quantile sqrt", "header line was"),
        ("max_feature_idx", lambda text: "1000000", "header line was"),
        ("num_tree_per_iteration", lambda text: "2", "header line was"),
        ("feature_infos", lambda text: "none none", "expected 3 ranges"),
        ("feature_names", lambda text: "a b c", "header line was"),
    ],
)
def test_what_would_crash_or_hang_is_named(key, change, complaint):
    with pytest.raises(BadModelText, match=complaint):
        examine(with_line(key, change), 3)


def test_a_tree_that_goes_round_is_no_tree():
    """Splits 1 and 2 are each other's children: every child is there once, but the root never reaches them."""
    text = with_line("num_leaves", lambda _: "4")
    for key, value in {
        "left_child": "-1 2 1",
        "right_child": "-2 -3 -4",
        "leaf_count": "1 1 1 1",
        "internal_count": "2 1 1",
    }.items():
        text = resized(re.sub(rf"{key}=.*", f"{key}={value}", text, count=1))

    with pytest.raises(BadModelText, match="goes round: 2 of its splits are never reached"):
        examine(text, 3)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_text_is_refused(share):
    with pytest.raises(BadModelText):
        examine(TEXT[: int(share * len(TEXT))], 3)


@pytest.mark.parametrize(
    "extra", ["\nparameters:\n[num_threads: 64]\nend of parameters\n", "\n", "pandas_categorical:null\n", "x"]
)
def test_nothing_may_follow_the_trees(extra):
    with pytest.raises(BadModelText, match="after the trees"):
        examine(TEXT + extra, 3)


def test_sizes_that_lie_are_refused():
    head, _, _ = TEXT.partition("\n\n")
    sizes = head.rsplit("=", 1)[1].split(" ")
    swapped = " ".join([str(int(sizes[0]) + 1), str(int(sizes[1]) - 1), *sizes[2:]])

    with pytest.raises(BadModelText, match="tree 0 does not have its 17 lines"):
        examine(TEXT.replace(" ".join(sizes), swapped), 3)
    with pytest.raises(BadModelText, match="expected 1 to 1000"):
        examine(TEXT.replace(" ".join(sizes), "0"), 3)


def test_the_number_of_inputs_and_the_letters_are_bounded():
    for inputs in (0, 2, 4, 1025):
        with pytest.raises(BadModelText):
            examine(TEXT, inputs)
    with pytest.raises(BadModelText, match="ASCII alone"):
        examine(TEXT + "é", 3)


def test_the_first_trees_are_a_booster_of_their_own():
    short = first_trees(TEXT, 5)

    assert examine(short, 3).trees == 5
    assert TEXT.startswith(short.split("\n\n", 1)[1][:200], TEXT.index("Tree=0"))
    assert first_trees(TEXT, 12) == first_trees(TEXT, 400) == TEXT


@pytest.mark.numbers
@settings(max_examples=150)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="latin-1"))
def test_one_changed_letter_is_refused_or_changes_only_a_number(place, letter):
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    try:
        found = examine(changed, 3)
    except BadModelText:
        return

    assert found.trees == 12
    assert letter in "0123456789-.e+ :" or changed == TEXT
