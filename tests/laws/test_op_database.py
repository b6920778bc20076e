"""PyTorch's own database of ops: every op it lists, in every dtype and form, against PyTorch.

Nothing here is written for one op: the samples, the dtypes, the forms and the refused calls are PyTorch's. What differs
on purpose stands in `EXCEPTIONS`, and what is not here on purpose in `ABSENT`, each with its reason. An op of
`nn.functional` that does not exist yet is skipped, and covered as soon as it does.
"""

from fnmatch import fnmatchcase

import pytest

pytest.importorskip("torch", reason="compares with PyTorch")
pytest.importorskip("expecttest", reason="PyTorch's op database imports expecttest")
pytest.importorskip("torch.testing._internal.common_methods_invocations", reason="this PyTorch carries no op database",
                    exc_type=ImportError)  # fmt: skip

from tests import op_database as database

pytestmark = [pytest.mark.referee, pytest.mark.filterwarnings("ignore")]

OPS = {title: op for title, op in database.usable().items() if not database.private(op)}
POLYGAMMAS = [title for title in OPS if "polygamma_n" in title]

#: Why -> which op (its title, or a name that all its variants share) -> patterns of the aspects that differ.
EXCEPTIONS = {
    "the numbers of memory that nobody wrote": {
        "empty": "out=", "new_empty": "method", "new_empty_strided": "method",
    },
    "the sample is a window on a larger memory, which the copy made of it is not": {"as_strided[partial_views]": "*"},
    "complex32 does not exist here": {"complex": "float16", "view_as_complex": "float16", "chalf": "*"},
    "a dtype is refused before the sizes are looked at, PyTorch answers where nothing is to be computed": {
        "nn.functional.linear": "bool", "nn.functional.bilinear": "bool", "mm": "bool",
        "linalg.multi_dot": "bool", "tensordot": "bool", "svd": "float16 bfloat16", "linalg.svd": "float16 bfloat16",
        "searchsorted": "complex128 bool", "nn.functional.pdist": "float16 bfloat16",
        "nn.functional.adaptive_avg_pool1d": "int* uint8 bool", "index_reduce": "refused-*",
    },
    "PyTorch's value is off by 3e-7, as scipy and this library say": dict.fromkeys(("special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1"), "float64 out="),
    "at a pole PyTorch gives a large number, this library infinity": dict.fromkeys(POLYGAMMAS, "int8"),
    "the imaginary part of a logarithm is held in (-pi, pi] here": {"logcumsumexp": "complex128"},
    "PyTorch's forward mode gives NaN, its backward what this library gives both ways": {"logcumsumexp": "forward-complex128"},
    "a norm at zero has the subgradient 0 at every order, PyTorch's second is NaN": {
        "linalg.norm[subgradients_at_zero]": "second-*",
    },
    "an ill-conditioned sample: two formulas agree to 1e-5": {"cholesky_inverse": "forward-*"},
    "PyTorch leaves `out` as it was": {"fft.ihfft2": "out=", "fft.ihfftn": "out="},
    "PyTorch computes in the dtype of `out`, this library in that of the input, and refuses to lose it": {
        "cumsum": "out=int64", "cumprod": "out=int64", "lu": "out=*", "nansum": "out=int64", "nanmean": "out=int64",
        "normal": "out=*", "linalg.matrix_power": "out=float32", "inner": "out=float32", "clamp": "out=float32",
        "lerp": "out=float32",
    },
    "PyTorch gives the gradient of the input to the part that was replaced": {"as_strided_scatter": "gradient-*"},
    "of two writes to one place the first is lost, so its gradient is 0; PyTorch reads the gradient of the last twice": {
        f"nn.functional.max_unpool{d}d": "gradient-float64" for d in (2, 3)
    },
    "PyTorch does not differentiate a complex window": {"istft": "gradient-complex128"},
    "a second derivative that cancels to nothing, in weights of float32": {"cov": "second-*"},
    "the incomplete gamma functions take whole numbers as floats": {
        "igamma": "refused-*", "igammac": "refused-*",
    },
    "sparse tensors have tests of their own": {"to_sparse": "*", "sparse.mm": "*", "sparse.sampled_addmm": "*"},
    "the imaginary part of a value is dropped": {"masked_fill": "answered"},
    "whether two tensors share memory is not looked at, and `out` is resized whatever its memory": dict.fromkeys(("kthvalue", "masked_select", "gather", "index_select", "take", "bernoulli", "cat"), "answered"),
    "a bound method, or a reflected operator, takes a number here": dict.fromkeys(("__radd__", "__rmul__", "__rand__", "__ror__", "__rxor__"), "answered"),
    "a batch without a dimension of channels": {"nn.functional.batch_norm": "float* bfloat16"},
    "the second of two results is cast": {"aminmax": "answered"},
    "of two things that are wrong another is said first, or in other words": dict.fromkeys(("linspace", "logspace", "multinomial", "roll", "amax", "amin"), "message") | {"arange": "class"},
    "no out=, which the documentation does not give either, or gives as private": {
        "softmax": "out=*", "log_softmax": "out=*", "nn.functional.avg_pool2d": "out=*", "nn.functional.avg_pool3d": "out=*",
        "nn.functional.linear": "out=*", "linalg.lstsq": "out=*",
    },
    "in place would change the shape of the tensor": {"addbmm": "inplace"},
    "in pieces, PyTorch has no second derivative and gives zeros": {
        "nn.functional.linear_cross_entropy[chunked]": "second-*", "nn.functional.linear_cross_entropy[chunked_none]": "second-*",
    },
}

#: Why -> the names that do not exist here.
ABSENT = {
    "PyTorch's internal or deprecated name of another function": (
        "native_layer_norm", "native_group_norm", "native_batch_norm", "grid_sampler_2d", "grid_sampler_3d", "__rdiv__",
        "max_pool2d_with_indices_backward", "hash_tensor",
    ),
    "LAPACK's packed factors": ("linalg.ldl_factor", "linalg.ldl_factor_ex", "linalg.ldl_solve"),
    "complex32 does not exist here": ("chalf",),
    "a method only": ("resize_as_",),
    "a prototype of masked tensors": tuple(title for title in OPS if title.startswith("masked.")),
}


def excused(title):
    """Pattern of an aspect -> reason, for one op."""
    name = title.partition("[")[0]
    return {aspect: why for why, ops in EXCEPTIONS.items() for key in (title, name) for aspect in ops.get(key, "").split()}


def run(check, title):
    """One check of one op: fails with all that differs and has no reason."""
    name, reasons = title.partition("[")[0], excused(title)
    if "*" in reasons:
        pytest.skip(reasons["*"])
    try:
        report = check(OPS[title])
    except database.Absent as missing:
        known = [why for why, names in ABSENT.items() if name in names]
        if known:
            pytest.skip(known[0])
        if name.startswith(("nn.functional.", "sparse.", "signal.")):
            pytest.skip(f"absent: {missing}")
        pytest.fail(f"{title}: {missing}")
    left = {aspect: said for aspect, said in report.items() if not any(fnmatchcase(aspect, pattern) for pattern in reasons)}
    assert not left, f"{title}\n" + "\n".join(f"  {aspect}: {line}" for aspect, said in left.items() for line in said)


@pytest.mark.parametrize("title", OPS)
def test_values_and_dtypes(title):
    run(database.check_values, title)


@pytest.mark.parametrize("title", OPS)
def test_methods_operators_in_place_and_out(title):
    run(database.check_forms, title)


@pytest.mark.parametrize("title", [title for title, op in OPS.items() if op.supports_autograd])
def test_gradients_of_both_orders_and_forward_mode(title):
    run(database.check_gradients, title)


@pytest.mark.parametrize("title", [title for title, op in OPS.items() if op.error_inputs_func is not None])
def test_what_must_be_refused(title):
    run(database.check_errors, title)
