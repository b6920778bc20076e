"""Parametrizations to register on a layer: orthogonal, weight-normalised and spectrally normalised weights.

Each is a module for `parametrize.register_parametrization`, and a function that registers it.
https://docs.pytorch.org/docs/stable/nn.html#parametrization-utilities
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from ..._tensor import Tensor
from ...compose.decompositions import qr
from ...compose.products import householder_product
from ...compose.reflections import geqrf
from ...compose.shapes import cat
from ...compose.solvers import solve
from ...compose.weight_norms import norm_except_dim
from ...compose.weight_norms import weight_norm as normed
from ...create import eye
from ...create_like import zeros_like
from ...create_random import randn
from ...graph.modes import no_grad
from ...settings import finfo
from .. import functional as F
from ..conv import _ConvTransposeNd
from ..module import Module
from . import parametrize

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


# ---- orthogonal ----------------------------------------------------------------------------------------------------
def _is_orthogonal(Q: Any) -> bool:
    identity = eye(Q.size(-1), dtype=Q.dtype, device=Q.device)
    return bool((Q.mH @ Q).allclose(identity, atol=10.0 * Q.size(-2) * finfo(Q.dtype).eps))


def _make_orthogonal(A: Any) -> Any:
    """The Q of A = QR whose R has a positive diagonal, so that it is A where A is orthogonal."""
    Q, R = qr(A)
    return Q * R.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


class _Orthogonal(Module):
    """Any matrix to one with orthonormal columns (rows, where it is wider than high).

    Args:
        weight: of the shape it is for.
        orthogonal_map: the exponential or the Cayley map of its skew-symmetric part, or a product of reflections.
        use_trivialization: multiply by a fixed `base`, which holds what was assigned last.
    """

    base: Any

    def __init__(self, weight: Any, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        n, k = X.size(-2), X.size(-1)
        transposed = n < k
        if transposed:
            X, n, k = X.mT, k, n
        if self.orthogonal_map == _OrthMaps.householder:
            A = X.tril(-1)
            tau = 2.0 / (1.0 + (A * A).sum(-2))
            Q = householder_product(A, tau)
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)  # of signs only; without a gradient
        else:
            A = X.tril()
            if n != k:
                A = cat([A, A.new_zeros(n, n - k).expand(*A.shape[:-2], -1, -1)], -1)
            A = A - A.mH
            if self.orthogonal_map == _OrthMaps.matrix_exp:
                Q = A.matrix_exp()
            else:
                identity = eye(n, dtype=A.dtype, device=A.device)
                Q = solve(identity - 0.5 * A, identity + 0.5 * A)
            Q = Q[..., :k] if n != k else Q
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if transposed else Q

    @no_grad()
    def right_inverse(self, Q: Any) -> Any:
        """What `forward` makes `Q`, made orthogonal, of.

        Raises:
            ValueError: for another shape.
            NotImplementedError: without trivialization, for the exponential and the Cayley map.
        """
        if Q.shape != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}.")
        given = Q
        n, k = Q.size(-2), Q.size(-1)
        transposed = n < k
        if transposed:
            Q, n, k = Q.mT, k, n
        if not hasattr(self, "base"):
            if self.orthogonal_map != _OrthMaps.householder:
                raise NotImplementedError("It is not possible to assign to the matrix exponential or the Cayley parametrizations "
                                          "when use_trivialization=False.")  # fmt: skip
            A, tau = geqrf(Q)
            along = A.diagonal(dim1=-2, dim2=-1)
            along.sign_()
            along[tau == 0.0] *= -1
            return A.mT if transposed else A
        if n == k:
            Q = Q.clone() if _is_orthogonal(Q) else _make_orthogonal(Q)
        else:
            rest = randn(*Q.size()[:-2], n, n - k, dtype=Q.dtype, device=Q.device)
            Q = _make_orthogonal(cat([Q, rest], -1))
        self.base = Q
        start = zeros_like(given)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start


def orthogonal(module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
               ) -> Module:  # fmt: skip
    """Keep a weight orthogonal: orthonormal columns, or rows where it is wider than high.

    Args:
        module: the module.
        name: a tensor of at least 2 dimensions.
        orthogonal_map: "matrix_exp", "cayley" or "householder"; the first for square and complex ones, the last for others.
        use_trivialization: start at the weight as it is (made orthogonal), and allow to assign to it.

    Raises:
        ValueError: for a name, a tensor or a map that will not do.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html
    """
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    chosen = getattr(_OrthMaps, orthogonal_map, None)
    if chosen is None:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    made = _Orthogonal(weight, chosen, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)


# ---- weight norm ---------------------------------------------------------------------------------------------------
class _WeightNorm(Module):
    """A weight from its norms along `dim` and its direction; dim None for a single norm."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Split a weight into lengths (original0) and directions (original1).

    Args:
        module: the module.
        name: one of its parameters.
        dim: the dimension with a length of its own for each slice; None for a single length.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Files of the older `nn.utils.weight_norm` have other keys."""
        old = [f"{prefix}{name}_{letter}" for letter in "gv"]
        if all(key in state_dict for key in old):
            for place, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{place}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


# ---- spectral norm -------------------------------------------------------------------------------------------------
class _SpectralNorm(Module):
    """A weight over its largest singular value, which power iterations follow in training.

    Args:
        weight: the weight as it is.
        n_power_iterations: how many per call in training.
        dim: the dimension that makes the rows; the others make the columns.
        eps: added where a length is divided by.
    """

    _u: Any
    _v: Any

    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            for kept, size in zip(("_u", "_v"), matrix.size(), strict=True):
                drawn = matrix.new_empty(size).normal_(0, 1)
                self.register_buffer(kept, F.normalize(drawn, dim=0, eps=self.eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight: Any) -> Any:
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.dim()) if d != self.dim))
        return weight.flatten(1)

    @no_grad()
    def _power_method(self, matrix: Any, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u = F.normalize(matrix.mv(self._v), dim=0, eps=self.eps, out=self._u)
            self._v = F.normalize(matrix.H.mv(self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # copies: the next call writes the buffers, and this graph may still be walked
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> Module:  # fmt: skip
    """Divide a weight by its largest singular value.

    Args:
        module: the module.
        name: one of its parameters or buffers.
        n_power_iterations: how many per call in training.
        eps: added where a length is divided by.
        dim: the dimension that makes the rows; 0, and 1 for transposed convolutions.

    Raises:
        ValueError: for a name that is neither, or no iterations.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html
    """
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
