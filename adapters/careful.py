"""JSON read slowly and suspiciously: every key once, UTF-8 whole, nesting bounded, or a `MalformedFrame`.

The fast decoders of the venues accept only frames that look exactly as always; whatever else comes is read here, so
that a new field costs time and a broken frame costs nothing but itself.
"""

import json
from typing import Any

from contracts.wire import MalformedFrame


def careful(data: bytes) -> dict[str, Any]:
    """The JSON object in these bytes; raises MalformedFrame for anything else."""
    try:
        read = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        if b"\\u" in data:
            json.dumps(read, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedFrame(f"invalid UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise MalformedFrame("half of a surrogate pair") from None
    except RecursionError:
        raise MalformedFrame("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise MalformedFrame(f"no JSON: {error.msg}, character {error.pos}") from None
    except ValueError as error:
        raise MalformedFrame(str(error)[:200]) from None
    if not isinstance(read, dict):
        raise MalformedFrame(f"expected a JSON object, was a {type(read).__name__}")
    return read


def label(name: str) -> str:
    """A name out of a frame as short plain ASCII, fit to be counted, logged and written."""
    return name[:40].encode("ascii", "backslashreplace").decode("ascii")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedFrame(f"key {twice[:40]!r} comes twice")
    return read


def _refuse(constant: str) -> Any:
    raise MalformedFrame(f"{constant} is no JSON number")
