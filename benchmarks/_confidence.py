"""Learn rules/engine/confidence.yml from labelled items, and show how confidence calibrates on those left out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks._shared import SHARED, missing
from rules import load
from rules.engine import confidence
from tocsin.article_lines import article_of

TARGET = Path(confidence.__file__).with_name("confidence.yml")
_PENALTY = 2.0
"""Of squared weights, in right or wrong matches: what a sign needs to be believed."""
_RIGHT_UNSEEN = 0.77
"""Of 200 judged alerts of a stream (docs/quality.md); rules are right more often on items that they grew on."""
_ROUNDS, _RATE = 4000, 0.002
_HEAD = (
    "# What each sign of a claim adds to the log odds that its match is right. Written by\n"
    "# `python -m benchmarks._confidence` from labelled items; no sign names a signal or a word.\n"
)
_BINS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)

Row = tuple[tuple[str, ...], bool]


def main() -> None:
    """Learn from the items that are for learning; show the others' bins."""
    if missing("eval/train.jsonl") or missing("eval/dev.jsonl"):
        return
    rows = rows_of("train")
    learned = lowered(learn(rows), rows)
    lines = [f"{sign}: {weight:.2f}\n" for sign, weight in sorted(learned.items()) if abs(weight) >= 0.01]
    TARGET.write_text(_HEAD + "".join(lines), "utf8")
    confidence.weights.cache_clear()
    for split in ("train", "dev"):
        show(split, rows_of(split))


def rows_of(split: str) -> list[Row]:
    """The signs of every match of a labelled signal, and whether the label says that it is right."""
    labels = {}
    for line in (SHARED / "eval" / f"{split}-labels.jsonl").read_text("utf8").splitlines():
        label = json.loads(line)
        labels[label["id"]] = label
    signals = {s for label in labels.values() for s in label.get("hit", {})}
    rules, rows = load(), []
    for line in (SHARED / "eval" / f"{split}.jsonl").read_text("utf8").splitlines():
        label = labels.get(json.loads(line)["id"], {})
        for match in rules.match(article_of(line)):
            if match.rule in signals and match.rule not in label.get("unsure", ()):
                rows.append((match.signs, match.rule in label.get("hit", {})))
    return rows


def learn(rows: Sequence[Row]) -> dict[str, float]:
    """Logistic regression with a squared penalty, by gradient descent from zero: same rows, same weights."""
    weights = dict.fromkeys(sorted({s for signs, _ in rows for s in signs}), 0.0)
    for _ in range(_ROUNDS):
        slope = {s: (_PENALTY * w if s != "always" else 0.0) for s, w in weights.items()}
        for signs, right in rows:
            error = 1 / (1 + math.exp(-sum(weights[s] for s in signs))) - right
            for sign in signs:
                slope[sign] += error
        for sign, value in slope.items():
            weights[sign] -= _RATE * value
    return weights


def lowered(weights: dict[str, float], rows: Sequence[Row]) -> dict[str, float]:
    """The weights with the bias at which the mean over all rows is what unseen matches are worth."""
    sums = [sum(weights[s] for s in signs) - weights["always"] for signs, _ in rows]
    low, high = -10.0, 10.0
    for _ in range(60):
        bias = (low + high) / 2
        mean = sum(1 / (1 + math.exp(-bias - value)) for value in sums) / len(sums)
        low, high = (bias, high) if mean < _RIGHT_UNSEEN else (low, bias)
    return {**weights, "always": bias}


def show(split: str, rows: Sequence[Row]) -> None:
    """How many matches fall into each bin of confidence, and how many of them are right."""
    scored = [(confidence.confidence(signs), right) for signs, right in rows]
    brier = sum((value - right) ** 2 for value, right in scored) / len(scored)
    print(f"{split}: {len(scored)} matches, Brier score {brier:.3f}")
    for low, high in pairwise(_BINS):
        inside = [(value, right) for value, right in scored if low <= value < high]
        if inside:
            mean = sum(value for value, _ in inside) / len(inside)
            share = sum(right for _, right in inside) / len(inside)
            print(f"  {low:.1f} to {min(high, 1):.1f}: {len(inside):4d} matches, said {mean:.2f}, right {share:.2f}")


if __name__ == "__main__":
    main()
