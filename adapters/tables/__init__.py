"""Tables of prices in files: the only home of polars; and the cache of features on disk."""
