"""The page of features, `docs/features.md`, as the registry says it.

Run `python -m bot.features.page` after changing a feature, and read the diff.
"""

from pathlib import Path
from typing import Final

from bot.features.catalogue import markdown, rows
from quant.features.registry import RULES

PAGE: Final = Path(__file__).parents[2] / "docs" / "features.md"

_HEAD: Final = """# Features

{count} features, each declared once and computed by one kernel, live and over history alike. This page is written by
`python -m bot.features.page`; a test holds it to the registry.

- `bot features list` shows them with their hashes, `bot features describe NAME` the code that is hashed.
- `bot features explain SYMBOL --prices FILE` computes them over a file of bars (CSV, Parquet or Feather) and says where
  in its own history each one stands; `--run RUN` does so from the record of a run.
- `bot features check` looks for look-ahead: what a prefix says must be what the whole says, and a poisoned future may
  change nothing before it.
- `bot features cache` shows what computed features are kept, `--clean` takes away what no present feature needs.

A window counts rows of its grid: `bar`, `trade` and `book` rows come as they close or at a beat; `hour`, `perp_minute`,
`perp_hour`, `context_hour` and `context_day` rows are the last value said in each; `clock` is the present moment. A
feature whose source says nothing is absent, and no other one waits for it.

## Rules of availability

{rules}

## All features

{tables}"""


def rendered() -> str:
    """The page as it should be."""
    rules = "\n".join(f"- **{rule}** {text}" for rule, text in RULES.items())
    found = rows()
    return _HEAD.format(count=len(found), rules=rules, tables=markdown(found))


def write() -> None:
    """Make the page say what the registry says."""
    PAGE.write_text(rendered(), "utf-8")


if __name__ == "__main__":
    write()
