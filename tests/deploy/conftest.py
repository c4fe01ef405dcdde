"""Fixtures that several tests of the deployment share."""

from tests.deploy.settings_named import sample

__all__ = ["sample"]
