"""Strategies: what a user wants to hold, said as targets; three that are shipped are examples to copy."""
