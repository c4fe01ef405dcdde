"""What Shenyan decides, as data and pure functions: no I/O, clock, randomness or framework."""
