"""Shenyan (慎言): a guard between social-platform webhooks and a vendor's auto-reply bot."""

__version__ = "0.1.0"
