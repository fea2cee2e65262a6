"""Write rules/engine/frequency.yml anew: how many articles in ten thousand hold a word."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

from benchmarks._shared import SHARED, missing

TARGET = Path(__file__).parent.parent / "rules" / "engine" / "frequency.yml"
LEAST = 30
_HEAD = (
    "# Articles in ten thousand that hold a word: what the scan takes for common. Written by\n"
    "# `python -m benchmarks._frequency` over feed entries of many outlets; rarer words are left out.\n"
)


def main() -> None:
    """Count, and write the words that at least LEAST articles in ten thousand hold."""
    if missing("corpora/stream.jsonl.gz"):
        return
    counts: Counter[str] = Counter()
    total = 0
    with gzip.open(SHARED / "corpora" / "stream.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            total += 1
            counts.update(set(re.findall(r"[a-z]+", f"{entry['title']} {entry.get('text') or ''}".lower())))
    rows = sorted((-round(n * 10_000 / total), word) for word, n in counts.items() if n * 10_000 >= LEAST * total)
    TARGET.write_text(_HEAD + "".join(f"{word}: {-count}\n" for count, word in rows), "utf8")


if __name__ == "__main__":
    main()
