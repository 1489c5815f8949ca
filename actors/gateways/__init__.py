"""The only actors that await: each owns one connection to the outside."""
