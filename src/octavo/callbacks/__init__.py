"""Callbacks: what happened to messages, POSTed to the addresses that accounts set (contract 6)."""
