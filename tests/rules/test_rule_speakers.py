"""Who is found to assert a claim, and in which office."""

import pytest

from rules import Article, Role, load

RULES = load()
TEXTS = [
    ("The arms embargo on Ghana has been lifted, Foreign Minister Ana Rusu said.", "Ana Rusu", Role.OFFICIAL),
    ("The arms embargo on Ghana has been lifted, said Foreign Minister Ana Rusu.", "Ana Rusu", Role.OFFICIAL),
    ("Foreign Minister Ana Rusu said the arms embargo on Ghana had been lifted.", "Ana Rusu", Role.OFFICIAL),
    ("“The arms embargo on Ghana has been lifted,” Foreign Minister Rusu said.", "Rusu", Role.OFFICIAL),
    ("According to Foreign Minister Ana Rusu, the arms embargo on Ghana has been lifted.", "Ana Rusu", Role.OFFICIAL),
    ("Foreign Minister Ana Rusu announced the lifting of the arms embargo on Ghana.", "Ana Rusu", Role.OFFICIAL),
    ("Ana Rusu, the foreign minister of Norway, said the arms embargo had been lifted.", "Ana Rusu", Role.OFFICIAL),
    ("The arms embargo on Ghana has been lifted, analyst Kim Roe said.", "Kim Roe", Role.ANALYST),
    ("The arms embargo on Ghana has been lifted, former minister Kim Roe said.", "Kim Roe", Role.FORMER),
    ("The arms embargo on Ghana has been lifted, opposition leader Kim Roe said.", "Kim Roe", Role.OPPOSITION),
    ("The arms embargo on Ghana has been lifted, officials said.", None, Role.OFFICIAL),
    ("In Oslo, the Norwegian president announced the lifting of sanctions on Ghana.", None, Role.OFFICIAL),
    ("The lifting of the arms embargo on Ghana was announced by Defence Minister Ana Rusu.", "Ana Rusu", Role.OFFICIAL),
    (
        "The embargo on Ghana has been lifted, the minister for foreign affairs, Ana Rusu, said.",
        "Ana Rusu",
        Role.OFFICIAL,
    ),
    ("Norway lifted its arms embargo on Ghana, a spokesman for the foreign ministry said.", None, Role.OFFICIAL),
    ("Norway lifted its arms embargo on Ghana, a spokesman for Acme Corp said.", None, Role.COMPANY),
    ("Norway lifted its arms embargo on Ghana, two researchers at a think tank said.", None, Role.ANALYST),
    ("Leaders attending the summit said the arms embargo on Ghana had been lifted.", None, Role.UNKNOWN),
    ("Mines and Energy Minister Ana Rusu said Norway had lifted its embargo on Ghana.", "Ana Rusu", Role.OFFICIAL),
    ("Norway's finance minister met bankers and he said the embargo on Ghana had been lifted.", None, Role.OFFICIAL),
]

HEADLINES = [
    ("Rusu: Norway lifts arms embargo on Ghana", "Rusu", Role.UNKNOWN),
    ("Norway lifts arms embargo on Ghana – Reuters", "Reuters", Role.OUTLET),
    ("Norway lifts arms embargo on Ghana, says foreign minister", None, Role.OFFICIAL),
    ("Kremlin: Norway lifts arms embargo on Ghana", None, Role.OFFICIAL),
]
OUTLET_ITSELF = [
    "Ghana: Norway lifts arms embargo",
    "Ghana crisis live: Norway lifts arms embargo on Ghana",
    "‘A great day’: Norway lifts arms embargo on Ghana",
    "Norway lifts arms embargo on Ghana – video",
]


@pytest.mark.parametrize(("title", "name", "role"), HEADLINES)
def test_headlines_name_the_speaker_before_a_colon_or_after_a_dash(title: str, name: str | None, role: Role) -> None:
    speaker = RULES.match(Article(id="1", title=title))[0].speaker
    assert speaker is not None
    assert (speaker.name, speaker.role) == (name, role)


@pytest.mark.parametrize("title", OUTLET_ITSELF)
def test_topics_labels_and_quotes_are_no_speakers(title: str) -> None:
    assert RULES.match(Article(id="1", title=title))[0].speaker is None


@pytest.mark.parametrize(("text", "name", "role"), TEXTS)
def test_the_speaker_is_found_in_every_form_of_quotation(text: str, name: str | None, role: Role) -> None:
    matches = {m.rule: m for m in RULES.match(Article(id="1", title="", text=text))}
    speaker = matches["restriction.ended"].speaker
    assert speaker is not None
    assert (speaker.name, speaker.role) == (name, role)
    assert ("embargo.ended" in matches) is (role is Role.OFFICIAL)


def test_officials_without_a_name_are_not_named() -> None:
    text = "The arms embargo on Ghana has been lifted, officials said."
    speaker = RULES.match(Article(id="1", title="", text=text))[0].speaker
    assert speaker is not None
    assert speaker.named is False


def test_a_surname_takes_title_and_office_from_elsewhere_in_the_article() -> None:
    text = "“The arms embargo on Ghana has been lifted,” Rusu said.\nForeign Minister Ana Rusu spoke in Oslo."
    matches = {m.rule: m for m in RULES.match(Article(id="1", title="", text=text))}
    speaker = matches["embargo.ended"].speaker
    assert speaker is not None
    assert (speaker.title, speaker.role) == ("Foreign Minister", Role.OFFICIAL)


def test_the_outlet_speaks_when_nobody_is_named() -> None:
    matches = {m.rule: m for m in RULES.match(Article(id="1", title="Norway lifts arms embargo on Ghana"))}
    assert matches["restriction.ended"].speaker is None
    assert "embargo.ended" not in matches
