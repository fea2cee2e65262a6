"""The doorway: command line, settings, wiring, embedded services, starter configuration."""
