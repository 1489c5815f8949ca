"""Copies of the record for others: the mirror of a run, in a process of its own."""
