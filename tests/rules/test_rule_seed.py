"""The article that Tocsin was first asked about, and one of our own that says the same things."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import Article, Match, Role, Status, load

RULES = load()
SEEDS = sorted((Path(__file__).parents[3] / "shared" / "seed").glob("*.txt"))

ANALOGUE = Article(
    id="analogue",
    title="Norway is entitled to seek military-technical cooperation with Ghana: Dahl",
    text=(
        "May 4, 2021 - 10:05\n"
        "ACCRA – At the moment there is no embargo of the Security Council on military cooperation with Ghana and that "
        "Norway has the right to seek such cooperation, Norwegian Foreign Minister Kari Dahl has said.\n"
        "“We respect the law,” Dahl said.\n"
        "After the embargo expired last year, Ghana even signed deals with several countries.\n"
        "  • 2021-05-03 09:10\n"
        "    Norway and Sweden sign defence pact\n"
        "Leave a Comment\n"
        "3 + 4 ="
    ),
    published_at=datetime(2021, 5, 4, tzinfo=UTC),
)


def by_rule(article: Article) -> dict[str, Match]:
    return {m.rule: m for m in RULES.match(article)}


def test_an_official_denying_a_restriction_is_an_alert_and_background_deals_are_none() -> None:
    found = by_rule(ANALOGUE)
    ended = found["embargo.ended"]
    assert ended.evidence[0].text.startswith("At the moment there is no embargo")
    assert ended.evidence[0].text.endswith("with Ghana")
    assert ended.status is Status.DONE
    assert ended.speaker is not None
    assert (ended.speaker.name, ended.speaker.title) == ("Kari Dahl", "Norwegian Foreign Minister")
    assert "defence.cooperation.signalled" in found
    assert "defence.deal.new" not in found


@pytest.mark.skipif(not SEEDS, reason="the seed article is not beside this checkout")
def test_the_seed_article_gives_what_it_must() -> None:
    title, _, text = SEEDS[0].read_text("utf8").partition("\n")
    article = Article(id="seed", title=title, text=text.strip(), published_at=datetime(2020, 12, 29, tzinfo=UTC))
    found = by_rule(article)
    ended = found["embargo.ended"]
    assert ended.evidence[0].text.startswith("Currently there is no restriction in the UN Security Council")
    assert ended.evidence[0].text.endswith("with Iran")
    assert ended.speaker is not None
    assert (ended.speaker.name, ended.speaker.title) == ("Sergey Lavrov", "Russian Foreign Minister")
    assert (ended.speaker.role, ended.status) == (Role.OFFICIAL, Status.DONE)
    assert "defence.cooperation.signalled" in found
    assert "defence.deal.new" not in found
    explanation = RULES.explain("defence.deal.new", article)
    assert {"claim.parties", "scope.zone"} <= explanation.failing
    end = article.text.index("2021-01-04")
    assert all(e.end <= end for m in found.values() for e in m.evidence if e.field == "text")
