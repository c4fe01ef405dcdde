"""One folder for each platform: its wire format as pure codecs, its API as clients."""
