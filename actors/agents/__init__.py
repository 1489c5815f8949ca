"""The agents: each believes something of every instrument, says how surely, and is held to what came true."""
