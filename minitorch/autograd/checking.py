"""gradcheck and gradgradcheck: PyTorch's names for the comparison of a backward with finite differences.

The comparison is that of testing/numeric.py. https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..testing.numeric import GradientError, check_gradients


class GradcheckError(RuntimeError):
    """A backward that disagrees with finite differences."""


def gradcheck(func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
              check_grad_dtypes: bool = False, check_batched_grad: bool = False,
              check_batched_forward_grad: bool = False, check_forward_ad: bool = False, check_backward_ad: bool = True,
              fast_mode: bool = False, masked: bool | None = None) -> bool:  # fmt: skip
    """Whether the backward of `func` agrees with finite differences, to `rtol` of each Jacobian's largest entry.

    Args:
        func: takes the inputs; returns a tensor or a tuple of them.
        inputs: a tensor or a tuple; those that require grad, float64 or complex128, are moved.
        rtol: the largest relative error. `eps` and `atol` are chosen by the stencil; the rest has no meaning here.

    Raises:
        ValueError: where no input requires grad.
        GradcheckError: where they disagree, unless `raise_exception` is off.
    """
    return _checked(func, inputs, 1, rtol, raise_exception, "gradcheck")


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False,
                  raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
                  check_grad_dtypes: bool = False, check_batched_grad: bool = False, check_fwd_over_rev: bool = False,
                  check_rev_over_rev: bool = True, fast_mode: bool = False, masked: bool = False) -> bool:  # fmt: skip
    """Whether the second derivative of `func` agrees with finite differences of the first.

    Raises:
        ValueError, GradcheckError: as `gradcheck`.
    """
    return _checked(func, inputs, 2, rtol, raise_exception, "gradgradcheck")


def _checked(func: Callable[..., Any], inputs: Any, order: int, rtol: float, raising: bool, name: str) -> bool:
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    places = [place for place, value in enumerate(given) if isinstance(value, Tensor) and value.requires_grad]
    if not places:
        raise ValueError(f"{name} expects at least one input tensor to require gradient, but none of them have "
                         "requires_grad=True.")  # fmt: skip

    @functools.wraps(func)
    def moved(*tensors: Tensor) -> Any:
        everything = list(given)
        for place, tensor in zip(places, tensors, strict=True):
            everything[place] = tensor
        return func(*everything)

    try:
        check_gradients(moved, [given[place].detach().clone() for place in places], order=order, tolerance=rtol)
    except GradientError as error:
        if not raising:
            return False
        where = re.sub(r"^output (\d+), input (\d+)", r"for output \1 with respect to input \2", str(error))
        raise GradcheckError(f"Jacobian mismatch {where}") from error
    return True
