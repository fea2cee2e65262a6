from __future__ import annotations

from pathlib import Path

import pytest

from watcher.feed import load_feeds, outlet_of


def loaded(tmp_path: Path, text: str) -> tuple[object, list[str]]:
    path = tmp_path / "feeds.yml"
    path.write_text(text, encoding="utf-8")
    feeds, problems = load_feeds(path)
    return feeds, [str(problem).removeprefix(f"{path}:") for problem in problems]


def test_everything_but_the_url_has_a_default(tmp_path: Path) -> None:
    feeds, problems = loaded(tmp_path, "feeds:\n  - url: https://news.bbc.co.uk/rss\n")
    (feed,) = feeds  # type: ignore[misc, attr-defined]
    assert problems == []
    assert (feed.name, feed.outlet, feed.tier, feed.every) == ("bbc.co.uk", "bbc.co.uk", "press", "auto")
    assert (feed.backfill_s, feed.tags, feed.lang, feed.full_text) == (0, (), None, False)


def test_defaults_hold_where_a_feed_does_not_say_otherwise(tmp_path: Path) -> None:
    text = (
        "defaults: {every: 10m, backfill: 1d, lang: fr}\nfeeds:\n  - url: https://a.example/1\n"
        "  - {url: https://a.example/2, every: 2h, backfill: 0d, lang: pt-BR, tags: [energy, eu], full_text: true}\n"
    )
    feeds, problems = loaded(tmp_path, text)
    assert problems == []
    one, two = feeds  # type: ignore[misc, attr-defined]
    assert (one.every, one.backfill_s, one.lang) == ("600", 86_400, "fr")
    assert (two.every, two.backfill_s, two.lang, two.tags, two.full_text) == (
        "7200",
        0,
        "pt-BR",
        ("energy", "eu"),
        True,
    )


def test_limits_for_auto_are_kept_in_seconds_and_a_proxy_may_be_none(tmp_path: Path) -> None:
    text = (
        "defaults: {every: 5m-2h, proxy: 'http://proxy.example:3128'}\nfeeds:\n  - url: https://a.example/1\n"
        "  - {url: https://a.example/2, every: auto, proxy: direct}\n  - {url: https://a.example/3, proxy: env:PROXY}\n"
    )
    feeds, problems = loaded(tmp_path, text)
    assert problems == []
    assert [(feed.every, feed.proxy) for feed in feeds] == [  # type: ignore[attr-defined]
        ("300-7200", "http://proxy.example:3128"),
        ("auto", None),
        ("300-7200", "env:PROXY"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("feeds:\n  - url: https://a.example/\n    tear: press\n", "3:5:", "did you mean `tier`"),
        ("feds: []\n", "1:1:", "did you mean `feeds`"),
        ("feeds:\n  - name: x\n", "2:5:", "key `url` is missing"),
        ("feeds:\n  - url: /etc/passwd\n", "2:10:", "https://"),
        ("feeds:\n  - url: https://a.example:6379/\n", "2:10:", "6379"),
        ("feeds:\n  - url: https://u:p@a.example/\n", "2:10:", "password"),
        ("feeds:\n  - {url: https://a.example/, every: soon}\n", "2:38:", "write auto, or a duration"),
        ("feeds:\n  - {url: https://a.example/, every: 2d}\n", "2:38:", "from 1m to 24h"),
        ("feeds:\n  - {url: https://a.example/, every: 5m-2d}\n", "2:38:", "from 1m to 24h"),
        ("feeds:\n  - {url: https://a.example/, every: 2h-5m}\n", "2:38:", "the shorter one first"),
        ("feeds:\n  - {url: https://a.example/, every: 5m-1h-2h}\n", "2:38:", "two durations"),
        ("feeds:\n  - {url: https://a.example/, proxy: proxy.example}\n", "2:38:", "env:NAME or file:PATH"),
        ("feeds:\n  - {url: https://a.example/, proxy: 'socks5://p.example'}\n", "2:38:", "http://host:port"),
        ("feeds:\n  - {url: https://a.example/, proxy: 'http://u:hush@p.example'}\n", "2:38:", "holds a password"),
        ("feeds:\n  - {url: https://a.example/, backfill: 3}\n", "2:41:", "write a duration"),
        ("feeds:\n  - {url: https://a.example/, tier: offical}\n", "2:37:", "'official'"),
        ("feeds:\n  - {url: https://a.example/, lang: english language}\n", "2:37:", "language tag"),
        ("feeds:\n  - {url: https://a.example/, tags: [Big News]}\n", "2:38:", "small letters"),
        ("feeds:\n  - url: https://a.example/x\n  - url: https://a.example/x?utm_source=b\n", "3:10:", "in line 2"),
        ("feeds:\n  - url: https://a.example/x\n    url: https://b.example/x\n", "3:5:", "twice"),
        ("feeds: &a\n  - *a\n", "1:8:", "anchor"),
        ("feeds: [", "", "not valid YAML"),
        ("- a\n", "1:1:", "the key `feeds`"),
        ("", "1:1:", "is empty"),
    ],
)
def test_a_problem_says_where_and_what_and_how_to_mend_it(tmp_path: Path, text: str, place: str, words: str) -> None:
    feeds, problems = loaded(tmp_path, text)
    assert feeds == ()
    assert len(problems) == 1
    assert problems[0].startswith(place)
    assert words in problems[0]


def test_no_problem_shows_a_password(tmp_path: Path) -> None:
    text = "feeds:\n  - {url: 'https://u:hush@a.example/'}\n  - {url: https://b.example/, proxy: 'http://u:hush@p.example'}\n"
    problems = loaded(tmp_path, text)[1]
    assert len(problems) == 2
    assert "hush" not in str(problems)


def test_all_problems_are_reported_not_only_the_first(tmp_path: Path) -> None:
    text = "feeds:\n  - {url: ftp://a.example/}\n  - {url: https://a.example/, every: x, nam: y}\n"
    assert len(loaded(tmp_path, text)[1]) == 3


def test_a_file_that_is_missing_or_no_text_is_a_problem_too(tmp_path: Path) -> None:
    assert "cannot be read" in str(load_feeds(tmp_path / "none.yml")[1][0])
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in str(load_feeds(tmp_path / "binary.yml")[1][0])


@pytest.mark.parametrize(
    ("url", "outlet"),
    [
        ("https://feeds.bbci.co.uk/x", "bbci.co.uk"),
        ("https://www.gov.uk/x.atom", "gov.uk"),
        ("https://tass.com/rss", "tass.com"),
        ("http://127.0.0.1:8000/feed", "127.0.0.1"),
        ("http://localhost:8000/feed", "localhost"),
        ("http://[::1]:8000/feed", "::1"),
        ("https://desk.github.io/feed", "github.io"),
        ("https://www.intranet.corp/feed", "intranet.corp"),
        ("https://NEWS.bücher.example/feed", "bücher.example"),
    ],
)
def test_the_outlet_is_the_registrable_domain(url: str, outlet: str) -> None:
    assert outlet_of(url) == outlet
