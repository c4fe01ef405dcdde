"""The second door: the platforms' APIs as a vendor sees them."""
