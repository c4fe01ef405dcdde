"""What a citizen asks for: who, whom, when, where, what, why, how, to what end, and where to answer."""
