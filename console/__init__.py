"""HTTP: API, web console, alert feeds, metrics."""
