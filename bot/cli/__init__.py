"""The command line: verbs that a person or a program can use; data on stdout, talk on stderr."""
