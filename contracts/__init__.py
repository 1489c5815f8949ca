"""What is said: every message, its topic, its author, and the ports to the outside; msgspec and numpy only."""
