"""What a fill means, and which ink can be read on it.

Fills are pale and their borders a shade darker. Text is dark or white, whichever stands out, and never below a contrast
of 4.5 (WCAG 2, AA). Amounts (a gradient's size, bytes, seconds) are steps of one ramp.
"""

from __future__ import annotations

import math

__all__ = ["BAD", "FAMILIES", "INK", "KINDS", "NONE", "RAMP", "SOFT", "ZERO", "border", "contrast", "ink", "ramp_step"]

INK, SOFT, PAPER = "#1f2937", "#4b5563", "#ffffff"
FAMILIES = {
    "elementwise": "#e1eefb",
    "comparison": "#e6eaf1",
    "reduction": "#fde3d6",
    "scan": "#fbecc8",
    "movement": "#ececec",
    "indexing": "#ebe2f8",
    "contraction": "#dcf2d6",
    "window": "#d3f0ea",
    "factorization": "#d0e9c3",
    "spectral": "#f7e3f4",
    "fused": "#fcdeea",
    "function": "#f3e9df",
    "creation": "#eef0e4",
    "port": "#f3f4f6",
    "other": "#ffffff",
}
KINDS = {
    "input": "#cfe0ff",
    "parameter": "#fff1bf",
    "buffer": "#eae4cf",
    "leaf": "#f7ecd0",
    "constant": "#ffffff",
    "module": "#e9edf5",
    "failed": "#b3261e",
}
#: From least to most.
RAMP = ("#e3edfa", "#c4daf4", "#9dc3ec", "#73a8df", "#2f6db3")
ZERO, NONE, BAD = "#d9d9de", "#ffffff", "#b3261e"


def ink(fill: str, soft: bool = False) -> str:
    """The colour of text on a fill; `soft` for the lesser lines, where that can still be read."""
    if soft and contrast(SOFT, fill) >= 4.5:
        return SOFT
    return INK if contrast(INK, fill) >= contrast(PAPER, fill) else PAPER


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def border(fill: str) -> str:
    """The fill, a shade darker and a little more saturated."""
    parts = [int(fill[start : start + 2], 16) for start in (1, 3, 5)]
    high = max(parts)
    return "#" + "".join(f"{max(0, int(part * 0.80 - (high - part) * 0.55)):02x}" for part in parts)


def ramp_step(amount: float, least: float, most: float) -> int:
    """Which step of the ramp an amount above 0 is on, by its logarithm."""
    if most <= least:
        return len(RAMP) // 2
    share = (math.log(amount) - math.log(least)) / (math.log(most) - math.log(least))
    return min(len(RAMP) - 1, max(0, int(share * len(RAMP))))
