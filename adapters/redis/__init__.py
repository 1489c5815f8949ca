"""Redis: where features are kept for others to read; the one home of the redis client."""
