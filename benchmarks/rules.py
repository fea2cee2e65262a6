"""Rules over 60,000 real feed entries: entries per second, 20,000 rules beside 200, load time, memory, long texts.

Beside, over the same lines in the same run: one compiled regular expression per rule at 1,000 rules, and a bare
decode-tokenise-encode loop. Figures are the best of some rounds, each next to its target.
"""

from __future__ import annotations

import gc
import gzip
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import psutil

from benchmarks._shared import SHARED, missing
from rules import Article, RuleSet, load
from tocsin.article_lines import answer

STREAM = SHARED / "corpora" / "stream.jsonl.gz"
SLICE = 10_000
ROUNDS = 3
_WORD = re.compile(r"\w+")


def main() -> None:
    """Print the figures."""
    if missing("corpora/stream.jsonl.gz"):
        return
    with gzip.open(STREAM, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        shipped_rate = _shipped(lines)
        _year(Path(folder), lines, shipped_rate)
        _many(Path(folder), lines[:SLICE])
    _long_texts()


def shown(what: str, value: str, target: str) -> None:
    """A figure with its target."""
    print(f"{what:62} {value:>16}   target {target}", flush=True)


def best_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least time in seconds: what disturbs only adds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def matched(rules: RuleSet, lines: list[str]) -> None:
    """Decode, match, encode."""
    for number, line in enumerate(lines, 1):
        answer(rules, number, line)


# -- shipped packs ----------------------------------------------------------------------------------------------------
def _shipped(lines: list[str]) -> float:
    rules = load()
    gc.freeze()
    matched(rules, lines[:500])
    seconds = best_s(lambda: matched(rules, lines), 2)
    rate = len(lines) / seconds
    shown(f"shipped packs ({len(rules.rules)} rules), one core, JSON in and out", f"{rate:,.0f} entries/s", "5,000")
    part = lines[:SLICE]
    ours = best_s(lambda: matched(rules, part))
    bare = best_s(lambda: _bare(part))
    shown("  beside a bare decode-tokenise-encode loop", f"{ours / bare:.1f}x its time", "at most 8x")
    return rate


def _bare(lines: list[str]) -> None:
    for line in lines:
        entry = json.loads(line)
        words = _WORD.findall(f"{entry['title']} {entry.get('text') or ''}".lower())
        json.dumps({"id": entry["id"], "matches": words}, ensure_ascii=False)


def _year(folder: Path, lines: list[str], rate: float) -> None:
    """600,000 entries, the stream ten times over, through the command line on two cores."""
    source, target = folder / "year.jsonl", folder / "year.out"
    text = "\n".join(lines[:60_000]) + "\n"
    with source.open("w", encoding="utf-8") as file:
        for _ in range(10):
            file.write(text)
    command = [sys.executable, "-m", "tocsin", "rules", "match", "--jobs", "2", str(source)]
    start = time.perf_counter()
    with target.open("wb") as out:
        process = psutil.Popen(command, stdout=out)
        peak = _peak_until_end(process)
    seconds = time.perf_counter() - start
    shown("a year (600,000 entries), rules match --jobs 2", f"{seconds:.0f} s", "under 120 s")
    shown("  peak memory of its processes (PSS)", f"{peak / 1e6:.0f} MB", "-")
    shown("  of twice the speed of one core", f"{600_000 / seconds / rate / 2:.2f}", "-")


def _peak_until_end(process: psutil.Popen) -> int:
    peak = 0
    while process.poll() is None:
        try:
            tree = [process, *process.children(recursive=True)]
            peak = max(peak, sum(p.memory_full_info().pss for p in tree))
        except psutil.Error:
            pass
        time.sleep(0.5)
    return peak


# -- many rules -------------------------------------------------------------------------------------------------------
ACTS = [
    ("$end_restriction", "$restriction"),
    ("$impose", "$sanctions"),
    ("$expel", "$diplomat"),
    ("$leave_treaty", "$treaty"),
    ("[visit, meet]", "president"),
    ("[arrest, detain]", "journalist"),
    ("[close, reopen]", "border"),
    ("[cut, raise]", "interest rate"),
    ("[deploy, withdraw]", "troops"),
    ("[buy, order]", "fighter jet"),
]


def generated(count: int) -> Iterator[str]:
    """`count` rules as YAML: the same acts and objects with countries that differ; every tenth has words of its own."""
    names = _states()
    shapes = list(product(names, ("on", "by"), ACTS))
    for number in range(count):
        code, key, (act, head) = shapes[number % len(shapes)]
        if number % 10 == 9:
            act, head = f"[zor{number}ify, plim{number}]", f"[quo{number}la, {_rare(number)}]"
        party = f"{{is: state, name: {code}, optional: false, as: X}}"
        claim = f"{{act: {act}, object: {head}, {key}: {party}, status: [done, planned]}}"
        yield f"rule: gen.r{number}\ntitle: Generated {number}\nclaim: {claim}\nscope: {{zone: [headline, lead]}}\n"


def _states() -> list[str]:
    from rules.language.vocabulary import state_names

    return sorted(state_names())


def _rare(number: int) -> str:
    syllables = ("ba", "do", "ki", "lu", "me", "no", "pa", "ri", "so", "tu")
    return "".join(syllables[int(digit)] for digit in f"{number:05}")


def written(folder: Path, count: int) -> Path:
    """The generated rules as a file."""
    file = folder / f"{count}.yml"
    file.write_text("---\n".join(generated(count)), "utf8")
    return file


def _many(folder: Path, lines: list[str]) -> None:
    per_entry_ms = {}
    for count in (200, 1_000, 20_000):
        file = written(folder, count)
        figures = _in_its_own_process(_load_and_match, (file, lines))
        per_entry_ms[count] = figures["match_s"] * 1_000 / len(lines)
        what = f"{count:,} generated rules (no packs)"
        shown(what, f"{per_entry_ms[count]:.3f} ms/entry", "-")
        if count == 20_000:
            shown("  loaded in", f"{figures['load_s']:.1f} s", "under 10 s")
            shown("  memory of the process with them", f"{figures['rss'] / 1e6:.0f} MB", "-")
    more = per_entry_ms[20_000] - per_entry_ms[200]
    shown("20,000 rules instead of 200", f"{more:+.3f} ms/entry", "at most 0.300")
    naive_ms = best_s(lambda: _naive(lines[:1_000]), 1)
    shown("one compiled regular expression per rule at 1,000 rules", f"{naive_ms:.3f} ms/entry", "-")
    shown("  we are", f"{naive_ms / per_entry_ms[1_000]:.0f}x faster", "at least 30x")


def _in_its_own_process(work: Callable[..., dict[str, float]], arguments: tuple[object, ...]) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _load_and_match(file: Path, lines: list[str]) -> dict[str, float]:
    start = time.perf_counter()
    rules = load(file, packs=False)
    load_s = time.perf_counter() - start
    gc.collect()
    gc.freeze()
    matched(rules, lines[:500])
    seconds = best_s(lambda: matched(rules, lines))
    return {"load_s": load_s, "match_s": seconds, "rss": psutil.Process(os.getpid()).memory_info().rss}


def _naive(lines: list[str]) -> None:
    """A rule as people write it without an engine: act … object … country, in any order of the last two."""
    patterns = [_expression(number) for number in range(1_000)]
    for line in lines:
        entry = json.loads(line)
        text = f"{entry['title']} {entry.get('text') or ''}"
        found = [number for number, pattern in enumerate(patterns) if pattern.search(text)]
        json.dumps({"id": entry["id"], "matches": found})


def _expression(number: int) -> re.Pattern[str]:
    from rules.language.vocabulary import state_names

    acts = ("lift(?:s|ed|ing)?|ease[sd]?|scrap(?:s|ped)?", "impose[sd]?|imposing", "expel(?:s|led)?", "quits?|leaves?")
    heads = ("embargo(?:es)?|ban", "sanctions?", "diplomats?|ambassador", "treat(?:y|ies)|pact")
    names = sorted(state_names().values())
    act, head, name = acts[number % 4], heads[number % 4], re.escape(names[number % len(names)])
    return re.compile(rf"\b(?:{act})\b.{{0,80}}\b(?:{head})\b.{{0,80}}\b{name}\b", re.IGNORECASE)


# -- long texts -------------------------------------------------------------------------------------------------------
_SENTENCE = "Norway lifted the arms embargo on Ghana and signed a defence pact with Iran, officials said. "


def _long_texts() -> None:
    """Time must be linear in length, whatever the text."""
    rules = load()
    texts = {
        "sentences": lambda n: _SENTENCE * (n // len(_SENTENCE)),
        "one line without an end": lambda n: _SENTENCE.replace(".", ",") * (n // len(_SENTENCE)),
        "no blank": lambda n: "embargo" * (n // 7),
        "abbreviations": lambda n: "Embargo lifted, No. " * (n // 20),
        "a list of parties": lambda n: "Norway imposed sanctions on" + " Ghana, Oman and Iran," * (n // 22),
        "brackets left open": lambda n: "(lifted the [embargo " * (n // 21),
        "quotes left open": lambda n: '"lifted the “embargo ' * (n // 21),
        "other scripts": lambda n: "Норвегия сняла эмбарго. " * (n // 24),
    }
    for what, text in texts.items():
        small, large = (_once_s(rules, text(n)) for n in (500_000, 5_000_000))
        shown(f"5 MB: {what}", f"{large:.2f} s ({large / small:.1f}x)", "about 10x the time of 0.5 MB")


def _once_s(rules: RuleSet, text: str) -> float:
    return best_s(lambda: rules.match(Article(id="1", title="Norway lifts embargo", text=text)), 2)


if __name__ == "__main__":
    main()
