"""How often an address may be tried: `10/s`, `60/m`, `100/h`. Pure."""

from __future__ import annotations

import re

_RATE = re.compile(r"([1-9][0-9]{0,3})/([smh])")
_MICROSECONDS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}

MAX_SPACING = _MICROSECONDS["h"]


def spacing_of(rate: str) -> int:
    """Microseconds from the beginning of one try to the beginning of the next.

    Raises:
        ValueError: *rate* is not a number of tries from 1 to 9999 for each s, m or h.
    """
    found = _RATE.fullmatch(rate)
    if found is None:
        raise ValueError("write how many tries in a second, a minute or an hour: `10/s`, `60/m` or `100/h`")
    return _MICROSECONDS[found[2]] // int(found[1])
