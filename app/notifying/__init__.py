"""Word sent to others' systems: signed webhooks of one's own."""
