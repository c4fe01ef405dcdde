"""Files in, values of the core out; errors say file and line."""
