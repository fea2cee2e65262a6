"""Keeps equal values once: of tens of thousands of sets of names that a service holds, a few thousand differ."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def shared(values: Iterable[T]) -> list[T]:
    """The same values, those that are equal as one object."""
    first: dict[T, T] = {}
    return [first.setdefault(value, value) for value in values]
