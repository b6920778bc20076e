"""The survivors that are no hole in the laws: what was planted there changes nothing that anybody could see."""

from __future__ import annotations

from .kinds import Fault

TWICE_REFUSED = "its second order by that operand is refused: PyTorch has none"
COPIED = "its results are complex, and the rule is given a conjugated copy"
MOMENTS = "they are moments that the caller has made for this call"
ALIKE = "every number of the result is the same"
ONES = "0 and 1 are the same in any dtype, and what they are multiplied by has the right one"
INDEX = "a position is the same in any type of integer, and nobody but the ops sees it"
#: (op, kind, place, detail) -> why; "*" stands for any.
REASONS: dict[tuple[str, str, str, str], str] = {
    ("full", "transposed", "result out", "*"): ALIKE,
    ("filled", "transposed", "result out", "*"): ALIKE,
    ("lasting", "dtype", "result out", "*"): ONES,
    ("lasting_along", "dtype", "result out", "*"): ONES,
    ("row_order", "dtype", "result out", "*"): INDEX,
    ("lu", "dtype", "result order", "*"): INDEX,
    ("window_where", "dtype", "result out", "*"): INDEX,
    ("nextafter", "version", "*", "*"): "its rule only asks whether x is y, and no number of the laws' is",
    ("zeta", "untracked", "gradient of y", "x"): TWICE_REFUSED,
    ("igamma", "untracked", "gradient of y", "x"): TWICE_REFUSED,
    ("igammac", "untracked", "gradient of y", "x"): TWICE_REFUSED,
    ("eigh", "sign", "result vectors", "*"): "an eigenvector has no sign",
    ("eig", "sign", "result vectors", "*"): "an eigenvector has no sign",
    ("fourier", "mutated", "gradient of x", "g"): COPIED,
    ("half_fourier", "mutated", "gradient of x", "g"): COPIED,
    ("standardize", "mutated", "result out", "average"): MOMENTS,
    ("standardize", "mutated", "result out", "variance"): MOMENTS,
    ("pinv", "mutated", "result out", "atol"): "it is a number in every row",
    ("pinv", "mutated", "result out", "rtol"): "it is a number in every row",
}


def explanation(fault: Fault) -> str | None:
    """Why nobody can notice a fault, where that is so."""
    for (op, kind, place, detail), reason in REASONS.items():
        if op == fault.op and kind == fault.kind and place in ("*", fault.place) and detail in ("*", fault.detail):
            return reason
    return None
