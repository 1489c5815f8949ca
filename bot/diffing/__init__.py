"""Another policy over a recorded run: which decisions change, where the difference begins, and what it is worth."""
