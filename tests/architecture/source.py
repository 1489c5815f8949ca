"""The tree as the architecture tests see it: Python sources with their syntax, and every tracked text file."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = ("contracts", "quant", "runtime", "actors", "adapters", "bot")


@dataclass(frozen=True)
class Source:
    """One Python file: its path inside the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, walked once for all rules."""
        return list(ast.walk(self.tree))

    @property
    def package(self) -> str:
        """The top-level package."""
        return self.path.split("/", 1)[0]

    def at(self, node: ast.AST, complaint: str) -> str:
        """A finding: where, and what is wrong."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {complaint}"

    def is_in(self, *places: str) -> bool:
        """Whether this file is one of these files, or below one of these folders (which end with a slash)."""
        return any(self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places)


def sources(*folders: str) -> list[Source]:
    """Every Python file below these top-level folders, by path; empty ones promise nothing and are left out."""
    return [source for folder in folders for source in _below(folder)]


@cache
def _below(folder: str) -> list[Source]:
    found = []
    for path in sorted((REPOSITORY / folder).rglob("*.py")):
        text = path.read_text("utf-8")
        if text.strip():
            found.append(Source(path.relative_to(REPOSITORY).as_posix(), text))
    return found


def tracked_texts() -> list[tuple[str, str]]:
    """Path and text of each file that version control knows, or of an exported tree; binaries are left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [name for name in listed.stdout.split("\0") if name]
    else:
        paths = [p.relative_to(REPOSITORY).as_posix() for p in REPOSITORY.rglob("*") if ".venv" not in p.parts]
    texts = []
    for name in paths:
        path = REPOSITORY / name
        if not path.is_file():
            continue
        try:
            texts.append((name, path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return texts
