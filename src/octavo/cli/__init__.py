"""The command line: `octavo --help`."""
