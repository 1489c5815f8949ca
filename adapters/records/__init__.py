"""The records of a run as typed columns in Parquet files."""
