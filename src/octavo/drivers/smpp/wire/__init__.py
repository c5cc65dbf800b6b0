"""The codec of SMPP 3.4: bytes to values and back, no input or output, either side."""
