"""Brings articles in: schedule, fetch, parse, dates, identity, decide."""
