"""What a trainer is given in tests: examples to learn from, and a shelf of models in memory."""

import numpy as np

from contracts.belief import Example
from contracts.column import floats
from contracts.model import ModelTexts
from contracts.ports import ModelRejected

SCHEMA = "5c" * 32


def an_example(said_s: float = 0.0, rows: int = 5, schema: str = SCHEMA) -> Example:
    return Example(
        universe=1,
        schema=schema,
        said_ns=round(said_s * 1e9),
        end_ns=round(said_s * 1e9) + 1,
        x=floats(np.zeros((rows, 2))),
        base=floats(np.zeros((9, rows))),
        z=floats(np.zeros(rows)),
        scale=floats(np.ones(rows)),
        weight=1.0,
        based_on=(),
    )


class Shelf:
    """A shelf in memory."""

    def __init__(self, champion: str = "", schema: str = SCHEMA) -> None:
        self.name, self.schema = champion, schema
        self.adopted: list[str] = []
        self.crowned: list[str] = []
        self.damaged = ""

    def champion(self) -> str:
        return self.name

    def adopt(self, model: str) -> ModelTexts:
        if model == self.damaged:
            raise ModelRejected(f"model {model} is damaged")
        self.adopted.append(model)
        return self.texts(model)

    def crown(self, model: str, why: str) -> None:
        self.crowned.append(model)

    def texts(self, model: str) -> ModelTexts:
        return ModelTexts(
            model=model, schema=self.schema, inputs=("a", "b"), levels=(), residual=(), free=(), start=(), spread=(),
            trained_until_ns=7, examples=11,
        )  # fmt: skip
