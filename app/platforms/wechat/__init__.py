"""WeChat official accounts (公众号)."""
