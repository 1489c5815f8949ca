"""What the beliefs are worth: histories driven through the live actors, scored apart from the product."""
