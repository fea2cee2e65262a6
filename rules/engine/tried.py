"""A claim tried against one alternative of a rule, with what the checks of its keys ask of the article."""

from __future__ import annotations

from dataclasses import dataclass

from rules.engine.rule import ClaimTest, Rule
from rules.engine.wording import Wording
from rules.language.analysis import Analysis
from rules.language.claims import Claim
from rules.language.speech import Voice
from rules.model import Evidence


@dataclass(frozen=True, slots=True)
class Tried:
    """A claim tried against one alternative of a rule."""

    rule: Rule
    test: ClaimTest
    claim: Claim
    analysis: Analysis
    article: Wording

    def voice(self) -> Voice | None:
        """Who asserts the claim."""
        return self.analysis.voice(self.claim)

    def in_sentence(self) -> Wording:
        """The words of the claim's sentence alone."""
        return self.article.sentence(self.claim.sentence)

    def cue(self, first: int, last: int) -> Evidence:
        """The span of tokens first to last of the claim's sentence."""
        tagged = self.claim.structure.tagged
        return self.claim.sentence.clean.evidence(tagged.starts[first], tagged.ends[last])
