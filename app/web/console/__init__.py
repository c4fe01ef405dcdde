"""The moderators' console: server-rendered pages, nothing fetched from elsewhere."""
