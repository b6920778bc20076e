"""The named tuples that functions with several results return, as `torch.return_types`.

Each is a tuple with PyTorch's field names and PyTorch's way of showing itself. `returned("max", "values indices")`
makes one; the module holds one per function, so that they can be pickled.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _shown(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"torch.return_types.{self.__class__.__name__}(\n{fields})"


def returned(name: str, fields: str) -> Any:
    """A named tuple that is shown as PyTorch shows the result of the function `name`."""
    base = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (base,), {"__slots__": (), "__repr__": _shown, "__module__": __name__,
                                "__doc__": f"What `{name}` returns: {fields.replace(' ', ', ')}."})  # fmt: skip


VALUES = "values indices"

max = returned("max", VALUES)
min = returned("min", VALUES)
median = returned("median", VALUES)
nanmedian = returned("nanmedian", VALUES)
mode = returned("mode", VALUES)
kthvalue = returned("kthvalue", VALUES)
sort = returned("sort", VALUES)
topk = returned("topk", VALUES)
cummax = returned("cummax", VALUES)
cummin = returned("cummin", VALUES)
aminmax = returned("aminmax", "min max")
histogram = returned("histogram", "hist bin_edges")
histogramdd = returned("histogramdd", "hist bin_edges")
frexp = returned("frexp", "mantissa exponent")
