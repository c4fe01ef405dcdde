"""What operations sees: metrics and logs."""
