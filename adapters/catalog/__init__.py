"""The catalog: history on disk as Parquet, one folder a data set."""
