"""The guard as one process or several: doors opened once, signals, drains."""
