"""Whether what was measured again and again grows, told from warm-up and from noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

SURE_Z = 2.33
"""Of noise alone one run in a hundred seems to rise so surely (one-sided)."""

Sample = tuple[float, float]
"""(seconds, value), in the order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The second half of a run: its median, by how much it rises from its beginning to its end (Theil and Sen: the
    median of the slopes between any two samples, times its length), and how sure it is that it rises at all (z of Mann
    and Kendall).
    """

    level: float
    rise: float
    z: float

    def grows(self, at_most: float) -> bool:
        """Whether it rises surely, and by more than *at_most*."""
        return self.z > SURE_Z and self.rise > at_most


def trend(samples: Sequence[Sample]) -> Trend:
    """The trend of the second half of *samples*; what came before is warm-up.

    Raises:
        ValueError: fewer than ten samples in it.
    """
    half = [sample for sample in samples if sample[0] >= (samples[0][0] + samples[-1][0]) / 2] if samples else []
    if len(half) < 10:
        raise ValueError(f"{len(half)} samples in the second half; ten are needed, so measure for longer")
    steps = [(later[0] - earlier[0], later[1] - earlier[1]) for earlier, later in combinations(half, 2)]
    slope = median(more / after_s for after_s, more in steps if after_s > 0)
    rises = sum((more > 0) - (more < 0) for _, more in steps)
    level = median(value for _, value in half)
    return Trend(level=level, rise=slope * (half[-1][0] - half[0][0]), z=_z(rises, len(half)))


def _z(rises: int, count: int) -> float:
    """Standard deviations by which the pairs that rise outweigh those that fall (Mann 1945, Kendall 1975)."""
    spread = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return (rises - (rises > 0) + (rises < 0)) / spread
