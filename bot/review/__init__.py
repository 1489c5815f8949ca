"""Reviews: what a run came to, as figures, charts and one page."""
