"""The journal: append-only segments on a disk, their recovery and their proof."""
