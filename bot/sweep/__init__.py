"""Sweeps: many backtests of one data set, side by side in processes, each resumable."""
