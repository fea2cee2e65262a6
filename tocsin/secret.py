"""Resolves what configuration refers to instead of holding it: `env:NAME` or `file:PATH`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tocsin.small_file import read_small
from workers.context import NoSecret


def resolver(config: Path) -> Callable[[str], str]:
    """A function from one reference to its secret, read anew each time, so that a rotated file is taken over.

    A relative path counts from the folder *config*. The function raises `NoSecret` where the reference leads nowhere.
    """

    def resolve(reference: str) -> str:
        kind, _, name = reference.partition(":")
        if kind == "env":
            return _from_environment(name)
        if kind == "file":
            return _from_file(config / name)
        # what is given is not shown: it may be the secret
        raise NoSecret("this is no reference to a secret: write env:NAME or file:PATH, never the secret itself")

    return resolve


def _from_environment(name: str) -> str:
    if not (value := os.environ.get(name, "").strip()):
        raise NoSecret(f"the environment variable {name} is not set; set it for the process that uses it")
    return value


def _from_file(path: Path) -> str:
    try:
        return read_small(path)
    except ValueError as error:
        raise NoSecret(str(error)) from error
