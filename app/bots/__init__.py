"""The vendors' bots, whatever they speak."""
