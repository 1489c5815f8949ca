"""The same bars and the same three strategies on engines of others, each a program for an environment of its own."""
