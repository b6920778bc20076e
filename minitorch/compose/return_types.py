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
geqrf = returned("geqrf", "a tau")
frexp = returned("frexp", "mantissa exponent")

linalg_inv_ex = returned("linalg_inv_ex", "inverse info")
linalg_solve_ex = returned("linalg_solve_ex", "result info")
linalg_slogdet = returned("linalg_slogdet", "sign logabsdet")
linalg_lu_factor = returned("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = returned("linalg_lu_factor_ex", "LU pivots info")
_lu_with_info = returned("_lu_with_info", "LU pivots info")
linalg_lu = returned("linalg_lu", "P L U")
lu_unpack = returned("lu_unpack", "P L U")
triangular_solve = returned("triangular_solve", "solution cloned_coefficient")
linalg_eigh = returned("linalg_eigh", "eigenvalues eigenvectors")
linalg_eig = returned("linalg_eig", "eigenvalues eigenvectors")
linalg_svd = returned("linalg_svd", "U S Vh")
svd = returned("svd", "U S V")
linalg_qr = returned("linalg_qr", "Q R")
qr = returned("qr", "Q R")
linalg_cholesky_ex = returned("linalg_cholesky_ex", "L info")
linalg_lstsq = returned("linalg_lstsq", "solution residuals rank singular_values")
