"""HTTP faces: webhooks, REST, health."""
