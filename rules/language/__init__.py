"""From text to claims: sentences, tags, phrases, parties, speakers, dates, status. Deterministic, no model."""
