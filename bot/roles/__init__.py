"""One book on several machines: ingest, agents, desk; what each role is put together of, and how it is run."""
