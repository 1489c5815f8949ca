"""Who says what: thin actors that wrap numbers with state and messages, and the gateways that carry the outside in."""
