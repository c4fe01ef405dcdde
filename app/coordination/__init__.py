"""What replicas tell each other. Losing it loses nothing."""
