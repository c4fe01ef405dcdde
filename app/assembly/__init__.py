"""Settings to running parts: the only folder that knows every adapter."""
