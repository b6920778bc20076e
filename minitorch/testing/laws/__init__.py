"""The laws over the whole op table, as data: each is held for every op and every public function that it applies to.

    for law in LAWS:
        law.applies(subject)         # None, or why not
        law.check(subject)           # over all its examples; raises where it is broken

`check_op` (proving.py) holds them all for one op, `python -m minitorch.testing` for the table.
"""

from . import corners, derivatives, device, fused, memory, precision, referee, scalars, tape
from .law import COLUMNS, Broken, Law, Tally

ROOMS = (referee, scalars, fused, memory, derivatives, tape, corners, precision, device)
LAWS: tuple[Law, ...] = tuple(law for room in ROOMS for law in vars(room).values() if isinstance(law, Law))

__all__ = ["COLUMNS", "LAWS", "Broken", "Law", "Tally"]
