"""A forward proxy that leads nowhere: vendors reach the stand-ins at hosts they cannot change."""
