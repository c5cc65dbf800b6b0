"""Prices: what one part costs, by product and country."""
