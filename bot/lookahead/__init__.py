"""Whether anything knows what it cannot know yet: features, agents, and the columns of a data set."""
