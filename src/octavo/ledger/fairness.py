"""Virtual time, by which accounts share a route group fairly (design 4.9)."""

from typing import NewType

VirtualTime = NewType("VirtualTime", float)
"""Messages by weight that an account, or the group as a whole, has been served."""
