"""The journal of a run, read once into records of its trades, orders, equity and decisions."""
