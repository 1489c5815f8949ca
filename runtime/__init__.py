"""How it runs: bus, cells, supervision, clocks, replay. No word of trading in here."""
