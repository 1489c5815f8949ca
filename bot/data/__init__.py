"""The verbs of `bot data`: importing, checking, resampling, exporting and making history."""
