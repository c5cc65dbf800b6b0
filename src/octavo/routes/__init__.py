"""Routes: over which carrier a message goes."""
