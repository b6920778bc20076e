"""One short row for each op or public function whose family does not say how its operands are drawn.

OPS holds the ops by name, PUBLIC the compositions by qualified name (a bare name serves `minitorch` and
`nn.functional` alike). A row gives, as far as needed, a domain per input, parameters to cycle through, flags (see
`domains.Rule`), or explicit calls. A new op of a known family needs a row only for its domain and its kinks.
"""

import importlib
import pkgutil

_ROOMS = [importlib.import_module(f".{room.name}", __name__) for room in pkgutil.iter_modules(__path__)]
OPS = {name: row for room in _ROOMS for name, row in getattr(room, "OPS", {}).items()}
PUBLIC = {name: row for room in _ROOMS for name, row in getattr(room, "PUBLIC", {}).items()}
