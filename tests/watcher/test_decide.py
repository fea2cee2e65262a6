from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.decide import MAX_REVISIONS, Decided, Decision, Seen, decide, id_key, keys_of
from watcher.entry import Entry
from watcher.identity import content_hash, names_of

LONG = "The ministers signed the agreement after talks that lasted three days. " * 5


def entry(
    title: str = "Title", text: str = "Text", guid: str | None = None, link: str | None = None, at: int | None = None
) -> Entry:
    content = content_hash(title, text)
    return Entry(
        names=names_of(guid=guid, url=link, title=title, content=content if title or text else None),
        url=link,
        title=title,
        text=text,
        author=None,
        lang=None,
        published_at=at,
        published_from="declared" if at is not None else "first_seen",
        content_hash=content,
    )


def after(seen: dict[str, Seen], decision: Decision) -> dict[str, Seen]:
    """What the ledger would remember."""
    table = dict(seen)
    stored = {one.article_id: one for one in (*decision.new, *decision.changed)}
    for key, (id, _hash) in decision.learned.items():
        table[key] = next(known for known in seen.values() if known.article_id == id)
    for one in stored.values():
        now = Seen(article_id=one.article_id, content_hash=one.entry.content_hash, revision=one.revision)
        table |= dict.fromkeys((*one.keys, id_key(one.article_id)), now)
    return {
        key: Seen(
            article_id=known.article_id,
            content_hash=stored[known.article_id].entry.content_hash
            if known.article_id in stored
            else known.content_hash,
            revision=stored[known.article_id].revision if known.article_id in stored else known.revision,
        )
        for key, known in table.items()
    }


def polls(*documents: list[Entry]) -> list[Decision]:
    seen: dict[str, Seen] = {}
    decisions = []
    for document in documents:
        decisions.append(decide(seen, document, feed_id="feed"))
        seen = after(seen, decisions[-1])
    return decisions


def counts(decision: Decision) -> tuple[int, int, int, int]:
    return len(decision.new), len(decision.changed), decision.known, sum(decision.skipped.values())


few = st.sampled_from([None, "", "1", "2", "https://a.example/1"])
links = st.sampled_from(
    [None, "https://a.example/1", "https://a.example/2", "https://a.example/", "http://www.a.example/1"]
)
titles = st.sampled_from(["", "A", "B", "Statement"])
texts = st.sampled_from(["", "x", "y", LONG])
entries = st.builds(entry, title=titles, text=texts, guid=few, link=links, at=st.sampled_from([None, 1, 10**15]))
documents = st.lists(entries, max_size=6)
histories = st.lists(documents, min_size=1, max_size=5)


@given(histories)
def test_every_entry_is_counted_once(history: list[list[Entry]]) -> None:
    for document, decision in zip(history, polls(*history), strict=True):
        assert sum(counts(decision)) == len(document)


@given(histories, st.integers(0, 2))
def test_a_second_identical_look_is_silent(history: list[list[Entry]], more: int) -> None:
    decision = polls(*history, *[history[-1]] * (more + 1))[-1]
    assert (decision.new, decision.changed, dict(decision.learned)) == ((), (), {})


@given(histories)
def test_no_article_is_new_twice_and_revisions_count_up(history: list[list[Entry]]) -> None:
    revisions: dict[str, int] = {}
    for decision in polls(*history):
        stored: list[Decided] = [*decision.new, *decision.changed]
        assert len({one.article_id for one in stored}) == len(stored)
        for one in stored:
            assert one.revision == revisions.get(one.article_id, 0) + 1
            revisions[one.article_id] = one.revision


@given(histories)
def test_the_same_history_gives_the_same_ids(history: list[list[Entry]]) -> None:
    assert polls(*history) == polls(*history)


@given(documents)
def test_an_entry_with_a_title_of_its_own_is_never_dropped(document: list[Entry]) -> None:
    fresh = entry(title="An embargo has ended", text="Really.", guid="1", link="https://a.example/1")
    first, second = polls(document, [fresh, *document])
    stored = {one.entry.title for one in (*second.new, *second.changed)}
    assert fresh.title in stored
    assert first is not None


def test_the_first_look_is_silent_unless_backfill_says_how_old_an_entry_may_be() -> None:
    document = [entry("old", guid="1", at=10), entry("recent", guid="2", at=30), entry("undated", guid="3")]
    decision = decide({}, document, feed_id="feed", quiet_before=20)
    assert [one.quiet for one in decision.new] == ["baseline", None, "baseline"]
    assert [one.quiet for one in decide({}, document, feed_id="feed").new] == [None, None, None]


def test_an_edited_text_is_a_revision_of_the_same_article() -> None:
    first, second = polls(
        [entry(text="a", guid="1", link="https://a.example/1")], [entry(text="b", guid="1", link="https://a.example/1")]
    )
    (new,), (changed,) = first.new, second.changed
    assert (new.article_id, changed.revision) == (changed.article_id, 2)


def test_an_edited_text_of_a_feed_without_links_is_a_revision() -> None:
    assert counts(polls([entry("A", "a", guid="1")], [entry("B", "b", guid="1")])[1]) == (0, 1, 0, 0)


def test_an_edited_text_of_a_feed_without_guids_is_a_revision() -> None:
    link = "https://a.example/1"
    assert counts(polls([entry("A", "a", link=link)], [entry("B", "b", link=link)])[1]) == (0, 1, 0, 0)


def test_spaces_and_capitals_are_no_change() -> None:
    assert counts(polls([entry("A  b", "c d", guid="1")], [entry("a B", "C\nd", guid="1")])[1]) == (0, 0, 1, 0)


def test_an_empty_guid_is_no_guid() -> None:
    document = [entry("A", guid="", link="https://a.example/1"), entry("B", guid=" ", link="https://a.example/2")]
    assert counts(polls(document)[0]) == (2, 0, 0, 0)


def test_one_guid_for_all_entries_is_not_believed() -> None:
    one, two, three = (entry(f"Title {n}", f"Text {n}", guid="x", link=f"https://a.example/{n}") for n in (1, 2, 3))
    first, second, third = polls([one, two], [two, three], [three])
    assert (counts(first), counts(second), counts(third)) == ((2, 0, 0, 0), (1, 0, 1, 0), (0, 0, 1, 0))


def test_a_guid_that_is_used_again_for_another_article_makes_a_new_one() -> None:
    one = entry("First", "a", guid="x", link="https://a.example/1")
    two = entry("Second", "b", guid="x", link="https://a.example/2")
    first, second = polls([one], [two])
    assert counts(second) == (1, 0, 0, 0)
    assert first.new[0].article_id != second.new[0].article_id


def test_one_link_for_all_entries_is_not_believed() -> None:
    document = [entry(f"Title {n}", guid=str(n), link="https://a.example/news") for n in range(3)]
    assert [counts(decision) for decision in polls(document, document)] == [(3, 0, 0, 0), (0, 0, 3, 0)]


def test_a_guid_that_changes_with_every_edit_is_the_same_article() -> None:
    link = "https://a.example/1"
    assert counts(polls([entry("A", "a", guid="h1", link=link)], [entry("A", "b", guid="h2", link=link)])[1]) == (
        0,
        1,
        0,
        0,
    )


def test_a_site_that_moves_to_https_or_another_host_does_not_repeat_itself() -> None:
    old = entry("A", LONG, guid="http://www.a.example/1", link="http://www.a.example/1")
    secure = entry("A", LONG, guid="https://a.example/1", link="https://a.example/1")
    moved = entry("A", LONG, guid="https://b.example/1", link="https://b.example/1")
    assert [counts(decision) for decision in polls([old], [secure], [moved])] == [
        (1, 0, 0, 0),
        (0, 0, 1, 0),
        (0, 0, 1, 0),
    ]


def test_tracking_parameters_do_not_make_a_new_article() -> None:
    one = entry(guid="https://a.example/1?utm_source=rss", link="https://a.example/1?utm_source=rss")
    two = entry(guid="https://a.example/1?utm_source=mail&fbclid=7", link="https://a.example/1?fbclid=8")
    assert counts(polls([one], [two])[1]) == (0, 0, 1, 0)


def test_short_texts_with_the_same_title_are_different_articles() -> None:
    one = entry("Statement", "", guid="1", link="https://a.example/1")
    two = entry("Statement", "", guid="2", link="https://a.example/2")
    assert counts(polls([one], [two, one])[1]) == (1, 0, 1, 0)


def test_an_entry_twice_in_a_document_is_taken_once() -> None:
    one = entry(guid="1", link="https://a.example/1")
    (decision,) = polls([one, one])
    assert (len(decision.new), dict(decision.skipped)) == (1, {"repeated": 1})


def test_an_entry_that_says_nothing_is_skipped() -> None:
    assert dict(polls([entry("", "", guid="1")])[0].skipped) == {"empty": 1}


def test_a_text_that_changes_at_every_fetch_is_let_go_at_last() -> None:
    history = [
        [entry("A", f"viewed {n} times", guid="1", link="https://a.example/1")] for n in range(MAX_REVISIONS + 2)
    ]
    decisions = polls(*history)
    assert counts(decisions[MAX_REVISIONS - 1]) == (0, 1, 0, 0)
    assert dict(decisions[MAX_REVISIONS].skipped) == {"changes at every fetch": 1}


def test_a_name_used_for_one_text_after_the_other_loses_no_text() -> None:
    history = [[entry(f"News {n}", f"Text {n}", guid="latest")] for n in range(100)]
    decisions = polls(*history)
    assert all(len(decision.new) + len(decision.changed) == 1 for decision in decisions)


def test_names_are_what_an_entry_has() -> None:
    assert len(keys_of(entry(guid="1", link="https://a.example/1").names)) == 4
    assert len(keys_of(entry("", "x").names)) == 1
