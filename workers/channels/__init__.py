"""Ways out: one file a channel, one row in CHANNELS."""
