"""gradcheck and gradgradcheck: PyTorch's names and arguments for the proof in `minitorch.testing`.

The comparison is that of testing/derivatives.py, which knows when a difference can tell and when not, so that eps and
atol are not asked for. https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor

#: PyTorch's default, at which the check's own tolerance holds.
ATOL = 1e-5


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
        inputs: a tensor or a tuple; those that require grad are moved, as float64 copies.
        rtol: the largest relative error. `eps` is chosen by the check itself, and an `atol` larger than PyTorch's default
            is allowed on top.
        nondet_tol: how far two backwards may differ.
        check_forward_ad: whether forward mode must be the transpose of the backward.
        fast_mode: compare along random directions only. The rest has no meaning here.

    Raises:
        AssertionError: where neither mode is to be checked, or one is batched that is not.
        ValueError: where no input requires grad.
        GradcheckError: where they disagree, unless `raise_exception` is off.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    return _checked(func, inputs, 1, rtol, raise_exception, "gradcheck", fast_mode, nondet_tol, check_forward_ad, atol)


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False,
                  raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
                  check_grad_dtypes: bool = False, check_batched_grad: bool = False, check_fwd_over_rev: bool = False,
                  check_rev_over_rev: bool = True, fast_mode: bool = False, masked: bool = False) -> bool:  # fmt: skip
    """Whether the second derivative of `func` agrees with finite differences of the first.

    Raises:
        ValueError, GradcheckError: as `gradcheck`.
    """
    return _checked(func, inputs, 2, rtol, raise_exception, "gradgradcheck", fast_mode, nondet_tol, False, atol)


def _within(finding: Any, atol: float, rtol: float) -> bool:
    """Whether even the worst entry of a finding is within these tolerances."""
    if finding.kind not in ("wrong", "unresolved") or finding.tape is None or finding.difference is None:
        return False
    return bool(abs(finding.tape - finding.difference) <= atol + rtol * abs(finding.difference))


def _checked(func: Callable[..., Any], inputs: Any, order: int, rtol: float, raising: bool, name: str, fast: bool,
             nondeterministic: float, forward: bool, atol: float) -> bool:  # fmt: skip
    from ..testing.derivatives import examine

    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not any(isinstance(value, Tensor) and value.requires_grad for value in given):
        raise ValueError(f"{name} expects at least one input tensor to require gradient, but none of them have "
                         "requires_grad=True.")  # fmt: skip
    report = examine(func, given, (order,), mode="directional" if fast else "full", tolerance=rtol, who=name,
                     nondeterministic=nondeterministic, forward=forward)  # fmt: skip
    if atol > ATOL:  # asked for: what is off by no more than this passes
        report.findings = [finding for finding in report.findings if not _within(finding, atol, rtol)]
    for finding in report.findings:
        if finding.error is not None:
            raise finding.error
    if report.passed or not raising:
        return report.passed
    first = report.findings[0].sentence
    if report.findings[0].kind in ("wrong", "unresolved", "not finite"):
        where = re.sub(r"^(?:output (\d+)|a sum of the outputs), input (\d+)(?: \([^)]*\))?",
                       lambda found: f"for output {found[1] or 0} with respect to input {found[2]}", first)  # fmt: skip
        first = f"Jacobian mismatch {where}"
    raise GradcheckError(f"{first}\n\n{report}")
