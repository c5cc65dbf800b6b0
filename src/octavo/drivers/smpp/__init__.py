"""SMS over SMPP 3.4. `wire` is the protocol alone, for either side of a connection."""
