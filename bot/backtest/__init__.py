"""Backtests: the same assembly, told history by a driver that never awaits."""
