"""A market, a venue and their weather that exist only here: seeded, documented, and open to any fault."""
