"""The history of runs in PostgreSQL, with or without TimescaleDB: an extra that nothing needs."""
