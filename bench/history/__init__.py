"""Backtests: Keel beside the engines of others on the same bars, and a year of the whole chain."""
