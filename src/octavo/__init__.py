"""Octavo: a self-hosted campaign server that speaks the public Octopush HTTP API."""

__version__ = "0.1.0"
