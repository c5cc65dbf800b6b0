"""Accounts: tenants, their api keys, parameters and balance."""
