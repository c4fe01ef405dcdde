"""What stands around the guard in a demonstration: platforms, a vendor's bot, citizens and a script."""
