"""A secret that cannot be printed, formatted, encoded or pickled by accident; only `reveal` says it."""

import re
from typing import Final, NoReturn

REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", re.DOTALL)
"""How a setting names a secret: an environment variable, or a file that nobody else may read."""


class Secret:
    """A value for one door alone.

    Laws: no repr, str, format, error or pickle of it holds the value, and no encoder takes it; two are equal when their
    values are.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for whoever opens the door with it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    __hash__ = None  # type: ignore[assignment] # a hash of a secret tells something of it

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


def check_reference(name: str, reference: str) -> None:
    """Raises ValueError for what is no reference to a secret, without repeating it: it may be the secret itself."""
    if not REFERENCE.fullmatch(reference):
        raise ValueError(
            f"{name} was {len(reference)} letters that are no reference, expected env:NAME or file:PATH; "
            "a secret itself is never written into a setting"
        )
