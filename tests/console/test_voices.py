"""Who counts for a voice of its own."""

from __future__ import annotations

from console.voices import AGAIN, COPY, voices


def sighting(outlet: str, story_id: str, outcome: str = "sighting") -> dict[str, str]:
    return {"outlet": outlet, "story_id": story_id, "outcome": outcome}


def test_an_outlet_counts_once_and_so_do_copies_of_one_text() -> None:
    heard = voices(
        [
            sighting("wire", "s1", "opened"),
            sighting("post", "s1"),
            sighting("gazette", "s2", "suppressed"),
            sighting("herald", "s2"),
            sighting("wire", "s3"),
            sighting("late", "s3"),
        ]
    )
    assert [(one.row["outlet"], one.why_not) for one in heard] == [
        ("wire", ""),
        ("post", COPY),
        ("herald", ""),
        ("wire", AGAIN),
        ("late", COPY),
    ]
    assert voices([]) == ()
