"""The formats of feeds: each reads a body into raw entries, or says that it is another format's.

A new format is a module with `read(body, source) -> RawDocument | None` and a line in `readers.READERS`.
"""
