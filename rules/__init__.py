"""Pure: text and rules in, matches out. No I/O beyond reading its own YAML; imports nothing of ours."""
