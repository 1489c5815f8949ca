"""Mutants: one thing wrong each, the same ones for the same seed, and never in the real tree."""

import ast
from pathlib import Path

import pytest

from tests.mutation.mutants import KINDS, Mutant, chosen, sites_of
from tests.mutation.trial import Tree, sources

ROOT = Path(__file__).parent.parent.parent

SOURCE = '''
"""A module that says 1 < 2."""

LIMIT: int = 3


def allowed(count: int, names: list[str]) -> bool:
    """Whether it is."""
    assert count < 5
    names.append(f"{count + 1}")
    if not names and count <= LIMIT - 1:
        raise ValueError(count + 1)
    return count > 0
'''


@pytest.fixture
def found(tmp_path: Path) -> list[Mutant]:
    (tmp_path / "module.py").write_text(SOURCE)
    return [site.mutant() for site in sites_of(tmp_path, Path("module.py"))]


def changed(mutant: Mutant) -> str:
    """The one line that is different."""
    (line,) = [now for was, now in zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True) if was != now]
    return line.strip()


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("comparison flipped", ["if not names and (count > LIMIT - 1):", "return (count <= 0)"]),
        ("boundary moved", ["if not names and (count < LIMIT - 1):", "return (count >= 0)"]),
        (
            "constant off by one",
            ["LIMIT: int = (4)", "if not names and count <= LIMIT - (2):", "return count > (1)"],
        ),
        ("not dropped", ["if (names) and count <= LIMIT - 1:"]),
        ("plus and minus swapped", ["if not names and count <= (LIMIT + 1):"]),
        ("and and or swapped", ["if (not names or count <= LIMIT - 1):"]),
        ("statement removed", ["pass"]),
        ("constant returned", ["return True"]),
    ],
)
def test_each_kind_finds_its_places_and_leaves_texts_assertions_and_errors_alone(
    found: list[Mutant], kind: str, lines: list[str]
) -> None:
    assert [changed(each) for each in found if each.kind == kind] == lines


def test_these_are_all_the_kinds() -> None:
    assert len(KINDS) == 8


@pytest.mark.numbers
def test_every_mutant_of_the_project_can_be_read_and_differs() -> None:
    for _, mutant in chosen(ROOT, sources(ROOT), 40, seed=3):
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse((ROOT / mutant.path).read_text()))


@pytest.mark.numbers
def test_the_same_seed_chooses_the_same_mutants_and_another_seed_others() -> None:
    groups = sources(ROOT)
    assert chosen(ROOT, groups, 20, seed=1) == chosen(ROOT, groups, 20, seed=1)
    assert chosen(ROOT, groups, 20, seed=1) != chosen(ROOT, groups, 20, seed=2)


def test_no_place_is_chosen_twice_and_every_group_has_its_share() -> None:
    mutants = chosen(ROOT, sources(ROOT), 50, seed=1)
    assert len({(mutant.path, mutant.source) for _, mutant in mutants}) == 50
    groups = [group for group, _ in mutants]
    assert [groups.count(group) for group in ("gate", "desk", "ledger", "journal")] == [13, 13, 12, 12]


@pytest.mark.numbers
def test_a_mutant_lives_in_a_copy_and_only_while_it_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mutant = chosen(ROOT, sources(ROOT), 1, seed=1)[0]
    original = (ROOT / mutant.path).read_text()
    there: list[str] = []
    monkeypatch.setattr("tests.mutation.trial.COPIED", ("actors",))
    tree = Tree(ROOT, tmp_path)

    def looked(group: str, timeout_s: float) -> tuple[str, str]:
        there.append((tmp_path / mutant.path).read_text())
        return "killed", ""

    monkeypatch.setattr(tree, "_tested", looked)
    assert tree.tried("gate", mutant, 1.0) == "killed"
    assert there == [mutant.source]
    assert (tmp_path / mutant.path).read_text() == original == (ROOT / mutant.path).read_text()
