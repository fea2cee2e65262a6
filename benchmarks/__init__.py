"""Measurements, each against something in the same run: `make bench`, or `python -m benchmarks NAME …` for some."""
