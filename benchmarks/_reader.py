"""The yardstick: the package reader updating feeds, `python -m benchmarks._reader FILE URL COUNT SWITCHES`: as shipped
or with the parser's switches as we have them (no sanitising, no resolving). Prints what that took as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from dataclasses import asdict
from functools import partial
from typing import Any

os.environ["READER_NO_VENDORED_FEEDPARSER"] = "1"  # the same feedparser for both

import feedparser
from reader import make_reader

from benchmarks._watch import Taken, cpu_s, pss


def _with_our_switches(parse: Any, *arguments: Any, **switches: Any) -> Any:
    return parse(*arguments, **(switches | {"sanitize_html": False, "resolve_relative_uris": False}))


def main(file: str, url: str, count: str, switches: str) -> None:
    logging.disable(logging.CRITICAL)
    if switches == "ours":
        feedparser.parse = partial(_with_our_switches, feedparser.parse)
    reader = make_reader(file)
    for number in range(int(count)):
        reader.add_feed(f"{url}/{number}")
    started_s, used_s = time.perf_counter(), cpu_s()
    reader.update_feeds(workers=1)
    seconds, used_s = time.perf_counter() - started_s, cpu_s() - used_s
    print(json.dumps(asdict(Taken(looks=int(count), seconds=seconds, cpu_s=used_s, pss=pss()))))


if __name__ == "__main__":
    main(*sys.argv[1:])
