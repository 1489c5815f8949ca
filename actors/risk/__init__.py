"""The controls before every order, each a small pure check, and what they judge."""
