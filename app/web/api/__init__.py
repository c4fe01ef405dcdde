"""/v1: what programs, and the console, may ask. One module for each noun."""
