"""What agents elsewhere write, kept in memory: for tests, and for worlds that no agent elsewhere can reach."""
