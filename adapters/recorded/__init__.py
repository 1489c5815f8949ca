"""Recordings of real feeds, played through the parsers of the live ones."""
