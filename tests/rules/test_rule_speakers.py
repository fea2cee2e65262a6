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
]


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
