"""Figures, measured side by side and never asserted."""
