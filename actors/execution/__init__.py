"""The life of one order at a venue, as values."""
