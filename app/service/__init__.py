"""The use cases: relay, review, courier, sweeper. They know ports only."""
