"""Features for people: what there is, what they are now, whether they look ahead, and what is kept of them."""
