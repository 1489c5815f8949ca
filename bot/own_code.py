"""The code a run is made with: the product's own, and that of every class of a user that the profile names."""

import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from bot.agents import AGENTS
from bot.profile import Profile
from bot.replaying import RunIdentity
from bot.strategies import STRATEGIES
from runtime.fingerprint import code_digest, fingerprint

PACKAGES: Final = ("contracts", "quant", "runtime", "actors", "adapters", "bot")


@cache
def identity_here() -> RunIdentity:
    """What this process is made of, without anything that a profile may bring."""
    root = Path(__file__).parent.parent
    return RunIdentity(code=code_digest(root / package for package in PACKAGES), fingerprint=fingerprint())


def identity_of(profile: Profile) -> RunIdentity:
    """What a run of this profile is made of: the same as `identity_here` where it names nothing but what is shipped.

    Of a class in a file of its own the file counts, of one in a package the whole package. Raises BadConfiguration for
    a class that cannot be had.
    """
    here, sources = identity_here(), _sources(profile)
    if not sources:
        return here
    digest = blake2b(here.code.encode(), digest_size=16)
    for name, source in sorted(sources.items()):
        content = code_digest([source]).encode() if source.is_dir() else source.read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    return RunIdentity(code=digest.hexdigest(), fingerprint=here.fingerprint)


def _sources(profile: Profile) -> dict[str, Path]:
    """The file or package of every class that is not shipped, by the name of its module."""
    kinds: list[type] = [AGENTS.find(each.kind, f"agent {name!r}") for name, each in profile.agents.items()]
    if profile.strategy is not None:
        kinds.append(STRATEGIES.find(profile.strategy.name, f"strategy {profile.strategy.name!r}"))
    named = {kind.__module__.partition(".")[0] for kind in kinds} - set(PACKAGES)
    return {name: _source(name) for name in sorted(named)}


def _source(module: str) -> Path:
    file = sys.modules[module].__file__
    assert file is not None, f"{module} was imported from a file"
    path = Path(file)
    return path.parent if path.name == "__init__.py" else path
