"""Weibo: direct messages, comments and mentions."""
