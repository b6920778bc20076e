"""What `out=` can hold: which functions cast their result to its dtype, and which want the result's very own.

PyTorch's pointwise kernels write into any dtype of the same or a higher kind; those that call a library, move numbers
or work in place want exactly theirs, or the same kind.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from .kinds import NAMES_IN_C

#: What is said of an `out` of another dtype than the result's: {0} the result's, {1} that of `out`.
DTYPE = "Expected out tensor to have dtype {0}, but got {1} instead"
FOUND = "Found dtype {1} but expected {0}"
MISMATCHED = "result dtype {1} does not match input dtype {0}"
SCALAR_TYPE = "{name}(): self and result must have the same scalar type"

#: The functions that want an `out` of exactly the result's dtype, by what they say. Those of DTYPE speak C++.
EXACT: dict[str, str] = {}
for _said, _names in {
    DTYPE: "tril triu msort inverse norm renorm matmul mm bmm addmm gather take_along_dim scatter scatter_add scatter_reduce "
           "index_add index_reduce index_copy slice_scatter addmv baddbmm cross linalg.inv linalg.solve linalg.det "
           "linalg.eigvalsh linalg.svdvals linalg.vector_norm linalg.matmul linalg.cross argmax argmin diag isin "
           "matrix_power linalg.matrix_power alias_copy detach_copy diagonal_copy slice_copy squeeze_copy "
           "softmax log_softmax view_as_real_copy narrow_copy unsqueeze_copy as_strided_copy "
           "select_copy expand_copy permute_copy transpose_copy t_copy view_copy unfold_copy",
    FOUND: "neg sgn abs sign floor ceil trunc hardshrink lerp clamp round frac conj_physical bitwise_not "
           "nn.functional.softshrink nn.functional.hardshrink nn.functional.gelu nn.functional.softplus",
    MISMATCHED: "dot vdot",
    SCALAR_TYPE: "index_select masked_select",
    "Expected the dtype for input and out to match, but got {1} for input and {0} for out": "amax amin",
    "expected scalar type {0} but found {1}": "nn.functional.logsigmoid linalg.solve_triangular",
    "expected scalar_type {0} but found {1}": "logcumsumexp",
    "multi_dot(): expected out tensor to have dtype {0} but got {1}": "chain_matmul linalg.multi_dot",
    "quantile() out tensor must be same dtype as the input tensor": "quantile nanquantile",
    "{name} does not support non-boolean outputs.": "isposinf isneginf signbit",
    "{name} only supports bool tensor for result, got: {1}": "all any",
    "Expected out type to be {0} but got {1}": "where",
    "{name}: dtype of out: {1} should be same as input: {0}": "nan_to_num",
    "the output given to {name} has dtype {1} but the operation's result requires dtype {0}": "float_power",
    "heaviside is not yet implemented for tensors with different dtypes.": "heaviside",
    "torch.histogram: input tensor and hist tensor should have the same dtype": "histc",
    "addmv input tensors must have the same dtype, but got {1}, {0}, and {0}": "mv",
    "take(): self and out expected to have the same dtype, but got self.dtype = {0} and out.dtype = {1}": "take",
    "{name}: Expected out tensor to have scalar type {0} but got scalar type {1}": "nonzero nonzero_static",
    "tensordot: Expected the output tensor to have dtype {0}, but got an output tensor with dtype {1}": "inner tensordot",
    "self and mat2 must have the same dtype, but got {1} and {0}": "addbmm",
    "{name} expected out tensor dtype {0} but got: {1}": "linalg.matrix_norm linalg.norm",
    "torch.ormqr: Expected input and result to have the same dtype, but input has dtype{0} and result has dtype {1}": "ormqr",
    "linalg.vecdot: Expected out of dtype{0} but found {1}": "linalg.vecdot",
    "Expected object of scalar type {0} but got scalar type {1} for argument 'out'": "complex polar",
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether "
    "out_int32 flag is True, but we got output tensor's dtype {1} and out_int32 flag is {flag}": "searchsorted bucketize",
}.items():
    EXACT |= dict.fromkeys(_names.split(), _said)
IN_C = frozenset((DTYPE, EXACT["chain_matmul"]))

#: The functions whose `out` must be of the result's kind, floating or complex.
SAME_KIND = {f"fft.{name}": name for name in "fft ifft rfft irfft hfft ihfft".split()}
SAME_KIND |= {f"fft.{name}": f"{name.rstrip('2n')}n" for name in
              "fft2 fftn ifft2 ifftn rfft2 rfftn irfft2 irfftn hfft2 hfftn ihfft2 ihfftn".split()}  # fmt: skip
JOINED = frozenset("cat stack hstack vstack dstack column_stack".split())

#: The functions that make their result before they write it, or do not look whether `out` is part of an input.
FREE = frozenset(
    "matmul mm bmm mv dot vdot inner tensordot chain_matmul addmm addmv baddbmm addbmm linalg.multi_dot linalg.matmul "
    "linalg.vecdot sum mean prod nansum nanmean amax amin max min logsumexp special.logsumexp histc norm var std quantile "
    "nanquantile diff diag tril triu inverse matrix_power cholesky_solve cholesky_inverse slice_scatter mvlgamma "
    "nonzero_static special.ndtr nn.functional.logsigmoid linalg.solve linalg.det linalg.eigvalsh linalg.svdvals "
    "linalg.vector_norm linalg.matrix_norm linalg.norm linalg.cond linalg.tensorsolve linalg.inv linalg.solve_triangular "
    "linalg.matrix_power linalg.pinv linalg.tensorinv linalg.householder_product softmax log_softmax fill masked_fill "
    "index_fill".split()
) | {f"{name}_copy" for name in "alias detach slice t diagonal expand narrow permute select squeeze transpose unfold unsqueeze "
     "view as_strided".split()}  # fmt: skip
#: Those whose `out` must not be an input either.
APART = frozenset("cat stack hstack vstack dstack column_stack gather take_along_dim take index_select masked_select cross "
                  "linalg.cross".split())  # fmt: skip


def check_out(name: str, have: Any, hold: Any) -> None:
    """Refuse an `out` whose dtype cannot take the result.

    Args:
        name: the function's, with its namespace.
        have, hold: the NumPy dtypes of the result and of `out`.

    Raises:
        RuntimeError, TypeError: in PyTorch's words.
    """
    if have == hold:
        return
    one, other = dt.of(have), dt.of(hold)
    said = EXACT.get(name)
    if said is not None:
        names = NAMES_IN_C if said in IN_C else dt.SCALAR_TYPES
        raise RuntimeError(said.format(names[one.name], names[other.name], name=name, flag=have == "int32"))
    if name in SAME_KIND and one.category != other.category:
        kind = "complex" if one.is_complex else "floating point"
        raise RuntimeError(f"{SAME_KIND[name]} expects a {kind} output tensor, but got {dt.SCALAR_TYPES[other.name]}")
    if one.category > other.category:
        names = dt.SCALAR_TYPES
        if name in JOINED:
            raise TypeError("torch.cat(): input types can't be cast to the desired output type " + names[other.name])
        raise RuntimeError(f"result type {names[one.name]} can't be cast to the desired output type {names[other.name]}")
