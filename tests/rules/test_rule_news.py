"""What the shipped rules find in headlines and first sentences of many kinds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import Article, load

RULES = load()
LINES = [line for line in (Path(__file__).parent / "news.txt").read_text("utf8").splitlines() if line[0] in "+-"]


def item(text: str) -> Article:
    """A sentence with a full stop is the text of an item, anything else its title."""
    is_text = text.endswith(".")
    published = datetime(2025, 5, 5, tzinfo=UTC)
    return Article(id="1", title="" if is_text else text, text=text if is_text else "", published_at=published)


@pytest.mark.parametrize("line", LINES)
def test_an_item_gives_its_signals_and_not_their_neighbours(line: str) -> None:
    signal, text, *also = line[1:].split("|")
    found = {match.rule for match in RULES.match(item(text))}
    assert (signal in found) is (line[0] == "+")
    assert set(also) <= found
