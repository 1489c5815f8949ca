"""The settings of a strategy: a struct of its own, made from `[strategy.settings]` of the profile."""

import msgspec


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing by default; a strategy derives its own from it, and names that as its `Settings`."""
