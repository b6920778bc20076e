"""The hard cases: where derivatives are conventions, where other libraries go wrong, and where a mistake would be silent.

Most are tested beside the code they are about: ELSEWHERE says which test holds which. The rest are here, one test each.
CORNERS are points at which a function has no one derivative, or where an infinity times 0 waits in a branch not taken:
value, gradient and gradient of the gradient are PyTorch's, pinned here and compared with PyTorch itself.
"""

import copy
import gc
import math
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.laws import LAWS

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
F = mt.nn.functional

ELSEWHERE = {
    "third derivative of a fused op": "laws/test_gradients.py::test_third_derivative",
    "third derivative and nested jvp of the norms": "laws/test_against_pytorch_table.py::test_our_number_is_true",
    "max, amax, prod and logsumexp with ties, zeros and infinities": "compose/test_reductions.py::test_gradients_at_corners",
    "max along a dimension takes the first": "compose/test_reductions.py::test_the_first_of_equal_ones_is_named",
    "median of equal values, std of a constant": "compose/test_statistics.py::test_gradients_at_corners",
    "maximum and minimum at a tie": "ops/test_arithmetic.py::test_a_tie_shares_the_gradient",
    "fmax and fmin at a tie": "ops/test_arithmetic.py::test_a_tie_of_fmax_is_the_firsts",
    "clamp at the bound": "ops/test_arithmetic.py::test_clamp_at_a_bound",
    "abs at 0": "ops/test_arithmetic.py::test_abs_and_sgn",
    "relu and its kin at 0": "compose/test_activations.py::test_slopes",
    "norm at 0": "compose/test_lengths.py::test_where_it_has_no_derivative_a_norm_is_given_zero",
    "cumprod with zeros": "compose/test_scans.py::test_a_running_product_with_zeros_has_the_right_derivatives",
    "pow at base 0, at exponent 0, of a negative base": "ops/test_arithmetic.py::test_the_gradient_of_a_power",
    "atan2 at 0": "ops/test_transcendental.py::test_atan2_at_the_origin",
    "hypot at 0": "ops/test_transcendental.py::test_hypot_at_the_origin",
    "sqrt at 0": "ops/test_transcendental.py::test_a_slope_at_the_edge_of_a_domain",
    "cdist at 0": "compose/test_linalg.py::test_a_distance_of_zero_has_gradient_zero",
    "grads never share a buffer": "autograd/test_backward.py::test_grads_are_never_shared",
    "gradients have memory of their own": "laws/test_shapes_and_memory.py::test_gradients_have_memory_of_their_own",
    "a chain of 50,000 nodes": "autograd/test_backward.py::test_a_chain_of_fifty_thousand",
    "no recursion in backward": "laws/test_tape.py::test_a_long_chain_runs_backward_and_frees_without_recursion",
    "no recursion in freeing": "laws/test_tape.py::test_a_long_chain_frees_without_a_backward",
    "no recursion in drawing": "viz/test_text.py::test_a_chain_of_200_000_is_a_column",
    "no reference cycle, of any op, also under create_graph": "laws/test_tape.py::test_the_tape_goes_with_the_last_reference",
    "no raw array inside a rule": "laws/test_completeness.py::test_a_rule_names_no_array_library",
    "zero size, 0-d, size 1, negative strides, expanded": "laws/test_gradients.py::test_first_derivative",
    "duplicate indices accumulate": "ops/test_index.py::test_adding_counts_duplicates",
    "of two writes the last stays": "ops/test_index.py::test_of_two_writes_to_one_place_the_last_stays",
    "a leaf's hook fires once, on the sum": "autograd/test_hooks.py::test_a_leafs_hook_fires_once_on_the_summed_gradient_before_grad_is_set",
    "the post-accumulate hook comes after": "autograd/test_hooks.py::test_the_post_accumulate_hook_sees_the_filled_grad",
    "hooks may be removed while they run": "autograd/test_hooks.py::test_hooks_may_be_removed_while_they_run",
    "backward twice where nothing was saved": "autograd/test_backward.py::test_what_saves_nothing_may_run_twice",
    "backward twice through x * 2": "autograd/test_backward.py::test_what_saves_something_may_not",
    "backward twice through Values": "test_value.py::test_backward_twice_adds_two_true_gradients",
    "grad mode per thread": "autograd/test_modes.py::test_grad_mode_is_per_thread",
    "backward after a step raises": "autograd/test_backward.py::test_backward_through_the_old_graph_after_a_step_raises",
    "tied parameters are stepped once": "optim/test_optimizer.py::test_tied_parameters_are_stepped_once",
    "a parameter without a gradient is skipped": "optim/test_optimizer.py::test_parameters_without_gradients_are_left_alone",
    "an optimiser's state has the parameter's dtype": "optim/test_adam.py::test_state_has_the_dtype_and_the_gradient_is_not_touched",
    "an optimiser's state follows the device": "optim/test_device.py::test_a_state_follows_its_parameter_to_the_device",
    "an empty folder called cupy": "backend/test_gpu.py::test_a_folder_that_happens_to_be_called_cupy_is_not_the_package",
    "no NumPy warning, and the user's seterr stays": "laws/test_shapes_and_memory.py::test_no_floating_point_warning_escapes",
    "no NumPy warning from an optimiser": "optim/test_optimizer.py::test_no_numpy_warning_reaches_the_user",
    "float16 sums beyond 2048": "laws/test_precision.py::test_long_float16_reductions_accumulate_in_float32",
    "float16 cumsum beyond 2048": "compose/test_scans.py::test_long_runs_keep_their_precision",
    "NumPy's numbers are weak": "test_tensor_numpy.py::test_numpys_numbers_are_weak",
    "ndarray + tensor keeps the graph": "test_tensor_numpy.py::test_an_array_on_the_left_keeps_the_graph",
    "gradients of integers are refused": "autograd/test_backward.py::test_requires_grad_needs_a_floating_dtype",
    "indices beyond the end": "test_tensor_index.py::test_errors",
    "nothing is half done": "test_errors.py::test_nothing_is_half_done",
}  # fmt: skip


def test_what_is_said_to_be_tested_elsewhere_is():
    for place in ELSEWHERE.values():
        path, _, name = place.partition("::")
        text = (Path(__file__).parents[1] / path).read_text(encoding="utf-8")
        made = {f"test_{law.name}" for law in LAWS}  # by `as_tests`, for the files that take them over
        assert re.search(rf"^def {name}\(", text, re.MULTILINE) or ("as_tests" in text and name in made), place


# ---- corners -------------------------------------------------------------------------------------------------------
#: function of (library, x), x, its gradient at x, and the gradient of the sum of squares of that
CORNERS = {
    "where with a root of a negative number": (lambda m, x: m.where(x >= 0, x, m.sqrt(-x)), [1.0, -4.0], [nan, -0.25], [nan, 1 / 64]),
    "amax of three equal values": (lambda m, x: x.amax(), [3.0, 3.0, 3.0], [1 / 3] * 3, None),
    "max of three equal values along a dimension": (lambda m, x: x.max(0)[0], [3.0, 3.0, 3.0], [1, 0, 0], None),
    "median of two equal values": (lambda m, x: x.median(), [3.0, 3.0], [0.5, 0.5], None),
    "median along a dimension": (lambda m, x: x.median(0)[0], [3.0, 1.0, 3.0], [1, 0, 0], None),
    "clamp between equal bounds": (lambda m, x: x.clamp(1.0, 1.0), [0.0, 1.0, 2.0], [0, 1, 0], None),
    "the square of a root at 0": (lambda m, x: m.sqrt(x) ** 2, [0.0, 4.0], [nan, 1], [nan, 0]),
    "softmax of a row of -inf": (lambda m, x: (x.softmax(1) ** 2)[:, 1], [[-inf, -inf], [0.0, 0.0]], [[nan, nan], [-0.25, 0.25]], None),
    "log_softmax of a row of -inf": (lambda m, x: x.log_softmax(1)[:, 1], [[-inf, -inf], [0.0, 0.0]], [[nan, nan], [-0.5, 0.5]], None),
    "softmax with one -inf": (lambda m, x: (x.softmax(0) ** 2)[1], [-inf, 0.0, 0.0], [0, 0.25, -0.25], [0, 0.125, -0.125]),
    "logsumexp of -inf alone": (lambda m, x: x.logsumexp(0), [-inf, -inf], [nan, nan], [nan, nan]),
    "std of a constant": (lambda m, x: x.std(), [2.0, 2.0, 2.0], [0, 0, 0], [0, 0, 0]),
    "var of a constant": (lambda m, x: x.var(), [2.0, 2.0], [0, 0], [0, 0]),
    "norm of zeros": (lambda m, x: x.norm(), [0.0, 0.0], [0, 0], None),
    "linalg.vector_norm of zeros, p = 1": (lambda m, x: m.linalg.vector_norm(x, 1), [0.0, 2.0], [0, 1], None),
    "pow at 0 by a tensor": (lambda m, x: x ** (x * 0 + 2), [0.0], [0], None),
    "a number to the power 0": (lambda m, x: 0.0**x, [0.0, 1.0], [0, 0], None),
    "prod with one zero": (lambda m, x: x.prod(), [0.0, 2.0, 3.0], [6, 0, 0], [0, 36, 24]),
    "prod with two zeros": (lambda m, x: x.prod(), [0.0, 0.0, 3.0], [0, 0, 0], [0, 0, 0]),
    "sign and rounding": (lambda m, x: x.sign() + x.round() + x.trunc(), [0.0, 0.5], [0, 0], None),
    "x / x at 0": (lambda m, x: x / x, [0.0, 2.0], [nan, 0], [nan, 0]),
    "xlogy at 0": (lambda m, x: m.xlogy(x, m.tensor([0.0, 2.0], dtype=m.float64)), [0.0, 0.0], [0, math.log(2)], None),
    "acos, asin and atanh at the edge": (lambda m, x: x.acos() + x.asin(), [1.0, 0.0], [nan, 0], None),
    "cdist of equal rows": (lambda m, x: m.cdist(x, x + 0), [[1.0, 2.0], [1.0, 2.0]], [[0, 0], [0, 0]], None),
    "where with a reciprocal of 0": (lambda m, x: m.where(x > 0, 1 / x, x), [0.0, 2.0], [nan, -0.25], [nan, -0.125]),
}  # fmt: skip


def slopes(lib, function, values, second):
    x = lib.tensor(values, dtype=lib.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if lib is mt else "ignore")
        (first,) = lib.autograd.grad(function(lib, x).sum(), x, create_graph=second)
        if not second:
            return first.tolist(), None
        return first.tolist(), lib.autograd.grad((first * first).sum(), x, allow_unused=True, materialize_grads=True)[0].tolist()


@over("name", CORNERS)
def test_a_corner(name):
    function, values, first, second = CORNERS[name]
    found = slopes(mt, function, values, second is not None)
    np.testing.assert_allclose(found[0], first, rtol=1e-14, atol=0)
    if second is not None:
        np.testing.assert_allclose(found[1], second, rtol=1e-14, atol=0)


@pytest.mark.referee
@over("name", CORNERS)
def test_a_corner_is_pytorchs(name):
    torch = pytest.importorskip("torch")
    function, values, first, second = CORNERS[name]
    found = slopes(torch, function, values, second is not None)
    np.testing.assert_allclose(found[0], first, rtol=1e-14, atol=1e-15)
    if second is not None:
        np.testing.assert_allclose(found[1], second, rtol=1e-14, atol=1e-15)


def test_a_cotangent_that_happens_to_be_zero_is_an_ordinary_number():
    w, x = (mt.tensor(value, dtype=mt.float64, requires_grad=True) for value in (0.0, 4.0))
    (by_x,) = mt.autograd.grad(w * x.sqrt(), x, create_graph=True)
    assert by_x.item() == 0
    assert mt.autograd.grad(by_x, w)[0].item() == 0.25


# ---- dtypes --------------------------------------------------------------------------------------------------------
CONSTANT = np.array([2.0, 3.0, 4.0])
WIDENING = {
    "a float64 tensor": lambda x: x * mt.tensor(CONSTANT),
    "a float64 array": lambda x: x * CONSTANT,
    "a float64 0-dim tensor": lambda x: x * mt.tensor(2.0, dtype=mt.float64),
    "matmul after a cast": lambda x: x.double() @ mt.tensor(CONSTANT),
    "where": lambda x: mt.where(x > 0, x, mt.tensor(CONSTANT)),
    "cat": lambda x: mt.cat([x, mt.tensor(CONSTANT)]),
}


@over("use", WIDENING.values(), ids=WIDENING)
def test_a_float32_leaf_beside_float64_has_a_float32_gradient(use):
    x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (g,) = mt.autograd.grad(use(x).sum(), x, create_graph=True)
    assert g.dtype is mt.float32
    use(x).sum().backward()
    assert x.grad.dtype is mt.float32


COUNTING = {
    "mean": lambda x: x.mean(),
    "var": lambda x: x.var(0),
    "std": lambda x: x.std(0, correction=0),
    "division by a NumPy count": lambda x: x / np.int64(3),
    "a NumPy float": lambda x: (x * np.float64(0.1) + np.float64(2)) ** np.float64(1.5),
    "a NumPy bool": lambda x: x * np.bool_(True),
    "the mean over a number of elements": lambda x: x.sum() / x.numel(),
    "layer_norm": lambda x: F.layer_norm(x, (2,), eps=np.float64(1e-5)),
    "a norm of NumPy's order": lambda x: x.norm(np.float64(3)),
    "gelu": lambda x: F.gelu(x),
    "cross_entropy": lambda x: F.cross_entropy(x, mt.tensor([0, 1])),
    "clamp": lambda x: x.clamp(np.float64(0), np.float64(1)),
    "fft": lambda x: mt.fft.rfft(x).abs(),
    "lerp": lambda x: mt.lerp(x, x * 2, np.float64(0.25)),
}


@over("name", ["float32", "float16"])
@over("use", COUNTING.values(), ids=COUNTING)
def test_counts_and_numpys_numbers_never_widen(use, name):
    dtype = getattr(mt, name)
    x = mt.tensor([[0.5, 1.5], [2.0, 1.0]], dtype=dtype, requires_grad=True)
    if name == "float16" and use is COUNTING["fft"]:
        return  # there is none in half precision
    out = use(x)
    assert out.dtype is dtype
    (g,) = mt.autograd.grad(out.sum(), x, create_graph=True)
    assert g.dtype is dtype and type(g._data) is np.ndarray


# ---- memory --------------------------------------------------------------------------------------------------------
TWICE = {
    "x + x": (lambda x: x + x, 2),
    "x * x": (lambda x: x * x, 4),
    "two views of one base": (lambda x: x.view(-1).sum() + x.t().sum() + x[0].sum() + x[1].sum(), 3),
    "an expanded operand": (lambda x: x.expand(5, 2, 2) + x, 10),
    "the same view twice": (lambda x: mt.cat([x[0], x[0], x[1], x[1]]), 2),
    "the same tensor twice in a stack": (lambda x: mt.stack([x, x, x]), 3),
}


@over(("use", "slope"), TWICE.values(), ids=TWICE)
def test_what_is_used_twice_contributes_twice(use, slope):
    x = mt.full((2, 2), 2.0, requires_grad=True)
    for time in (1, 2):
        use(x).sum().backward()
        assert x.grad.tolist() == [[time * slope] * 2] * 2


def test_an_expanded_gradient_is_never_written_in_place():
    x, y = (mt.ones(3, requires_grad=True) for _ in "xy")
    h = x * 1
    h.retain_grad()
    (h.sum() + (h * y).sum()).backward()  # the first cotangent of h is an expanded 1
    seed = mt.ones(()).expand(3)
    (x * 1).backward(seed)
    (x * 1).backward(seed)
    assert seed.tolist() == [1, 1, 1]
    assert (h.grad.tolist(), y.grad.tolist(), x.grad.tolist()) == ([2] * 3, [1] * 3, [4] * 3)
    assert all(g._data.strides == (4,) for g in (h.grad, x.grad, y.grad))


def test_the_end_of_a_long_chain_is_pickled_alone_and_cannot_be_deep_copied():
    x = h = mt.ones(1, requires_grad=True)
    for _ in range(20_000):
        h = h + 1
    short = pickle.dumps(mt.ones(1, requires_grad=True) + 1)
    found = pickle.dumps(h)
    assert len(found) == len(short)
    assert pickle.loads(found).is_leaf and pickle.loads(found).tolist() == [20_001]
    with pytest.raises(RuntimeError, match="^Only Tensors created explicitly by the user"):
        copy.deepcopy(h)
    assert copy.deepcopy(x).requires_grad


def test_a_training_step_makes_no_garbage():
    net = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.Tanh(), mt.nn.Linear(4, 1))
    optimizer = mt.optim.Adam(net.parameters())
    x = mt.ones(5, 3)

    def step():
        optimizer.zero_grad()
        loss = (net(x) ** 2).mean()
        found = mt.autograd.grad(loss, list(net.parameters()), create_graph=True)
        (loss + sum((g * g).sum() for g in found)).backward()
        optimizer.step()

    step()
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            step()
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- what is said --------------------------------------------------------------------------------------------------
@over("name", [name for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss") if hasattr(F, name)])
@over("shapes", [((3,), (3, 1)), ((3, 1), (3,))], ids=str)
def test_a_loss_warns_of_a_silent_broadcast_with_both_shapes(name, shapes):
    one, other = (mt.ones(*shape) for shape in shapes)
    text = re.escape(f"Using a target size ({other.shape}) that is different to the input size ({one.shape})")
    with pytest.warns(UserWarning, match=text) as seen:
        getattr(F, name)(one, other)
    assert [warning.filename for warning in seen] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(F, name)(one, one)


POINTING = {
    "index_select": lambda m, x, i: x.index_select(0, i),
    "gather": lambda m, x, i: x.gather(0, i),
    "take": lambda m, x, i: x.take(i),
    "take_along_dim": lambda m, x, i: x.take_along_dim(i, 0),
    "scatter": lambda m, x, i: x.scatter(0, i, x),
    "scatter_": lambda m, x, i: x.scatter_(0, i, 5.0),
    "scatter_add_": lambda m, x, i: x.scatter_add_(0, i, x + 1),
    "index_add_": lambda m, x, i: x.view(3, 1).index_add_(0, i, x.view(3, 1) + 1),
    "index_copy_": lambda m, x, i: x.index_copy_(0, i, x + 1),
    "index_fill_": lambda m, x, i: x.index_fill_(0, i, 5.0),
    "put_": lambda m, x, i: x.put_(i, x + 1),
    "x[i]": lambda m, x, i: x[i],
    "x[i] = ": lambda m, x, i: x.__setitem__(i, 5.0),
    "index_put_": lambda m, x, i: x.index_put_((i,), m.tensor(5.0)),
    "cross_entropy": lambda m, x, i: m.nn.functional.cross_entropy(x.expand(3, 3), i),
    "nll_loss": lambda m, x, i: m.nn.functional.nll_loss(x.expand(3, 3), i),
    "embedding": lambda m, x, i: m.nn.functional.embedding(i, x.reshape(3, 1)),
    "one_hot": lambda m, x, i: m.nn.functional.one_hot(i, 3),
}
POINTING = {name: call for name, call in POINTING.items()
            if hasattr(F, name) or name not in ("embedding", "one_hot")}  # fmt: skip


@over("wrong", [7, -9])
@over("name", POINTING)
def test_an_index_that_points_nowhere_is_refused_before_anything_is_written(name, wrong):
    x = mt.zeros(3)
    with pytest.raises((IndexError, RuntimeError)) as error:
        POINTING[name](mt, x, mt.tensor([0, 1, wrong]))
    assert x.tolist() == [0, 0, 0]
    assert re.search(r"index|Target|[Cc]lass values", str(error.value))


@pytest.mark.referee
@over("wrong", [7, -9])
@over("name", [name for name in POINTING if name != "take_along_dim"])  # where PyTorch reads what lies there
def test_pytorch_refuses_it_with_the_same_class(name, wrong):
    torch = pytest.importorskip("torch")
    found = []
    for lib in (torch, mt):
        with pytest.raises((IndexError, RuntimeError)) as error:
            POINTING[name](lib, lib.zeros(3), lib.tensor([0, 1, wrong]))
        found.append(error.type)
    assert issubclass(found[1], found[0])


@over("setting", ["warn", "raise", "print"])
def test_a_training_step_leaves_the_users_seterr_alone(setting):
    before = np.seterr(all=setting)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            net = mt.nn.Linear(2, 2)
            optimizer = mt.optim.AdamW(net.parameters())
            loss = (net(mt.tensor([[1e30, 0.0], [0.0, 1e-30]])).exp() / 0).log().sum()
            loss.backward()
            optimizer.step()
        assert set(np.geterr().values()) == {setting}
    finally:
        np.seterr(**before)


# ---- vectors that are unique up to a phase ---------------------------------------------------------------------------
def complex_matrix(lib):
    real = lib.tensor([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0], [1.5, 0.2, 0.7]], dtype=lib.float64)
    imaginary = lib.tensor([[0.2, 1.0, -0.5], [1.3, 0.4, 0.1], [-0.6, 0.9, 0.3]], dtype=lib.float64)
    return lib.complex(real, imaginary)


def hermitian(x):
    return x + x.mT.conj()


DEPENDENT = {
    "eigh": lambda m, x: m.linalg.eigh(hermitian(x))[1].real,
    "eig": lambda m, x: m.linalg.eig(x)[1].imag,
    "eig of a real matrix": lambda m, x: m.linalg.eig(x.real)[1].real + 2 * m.linalg.eig(x.real)[1].imag,
    "svd by u": lambda m, x: m.linalg.svd(x)[0].real,
    "svd by vh": lambda m, x: m.linalg.svd(x)[2].imag,
    "svd of a high matrix": lambda m, x: m.linalg.svd(x[:, :2], full_matrices=False)[0].real,
}
INDEPENDENT = {
    "eigh by sizes": lambda m, x: m.linalg.eigh(hermitian(x))[1].abs(),
    "eig by sizes": lambda m, x: m.linalg.eig(x)[1].abs(),
    "svd by sizes": lambda m, x: m.linalg.svd(x)[0].abs() + m.linalg.svd(x)[2].abs(),
    "svd by u vh": lambda m, x: (lambda u, s, vh: (u @ vh).real)(*m.linalg.svd(x)),
    "svd by u and vh, each with its phase": lambda m, x: (lambda u, s, vh: (u[:, 0] * vh[0]).imag)(*m.linalg.svd(x)),
    "eigh of a real matrix": lambda m, x: m.linalg.eigh(hermitian(x.real))[1] ** 2,
}


def pulled(lib, function, create_graph):
    x = complex_matrix(lib).requires_grad_()
    out = function(lib, x)
    w = lib.arange(out.numel(), dtype=lib.float64).reshape(out.shape) + 1
    return lib.autograd.grad((out * w).sum(), x, create_graph=create_graph)[0]


@over("create_graph", [False, True])
@over("name", DEPENDENT)
def test_a_loss_that_depends_on_the_phase_of_vectors_is_refused(name, create_graph):
    with pytest.raises(RuntimeError, match=r"_backward: The (eigen|singular )vectors in the complex case are specified up to"):
        pulled(mt, DEPENDENT[name], create_graph)


@over("create_graph", [False, True])
@over("name", INDEPENDENT)
def test_a_loss_that_does_not_is_differentiated(name, create_graph):
    assert np.isfinite(pulled(mt, INDEPENDENT[name], create_graph).detach().numpy()).all()


@pytest.mark.referee
@over("name", [*DEPENDENT, *INDEPENDENT])
def test_phases_are_refused_where_pytorch_does_and_in_its_words(name):
    torch = pytest.importorskip("torch")
    if name in INDEPENDENT:
        ours, theirs = (pulled(lib, INDEPENDENT[name], False).numpy() for lib in (mt, torch))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)
        return
    texts = []
    for lib in (torch, mt):
        with pytest.raises(RuntimeError) as error:
            pulled(lib, DEPENDENT[name], False)
        texts.append(str(error.value))
    assert texts[1].startswith(texts[0])


def test_the_gradient_of_eigh_is_hermitian():
    x = hermitian(complex_matrix(mt)).requires_grad_()
    (g,) = mt.autograd.grad((mt.linalg.eigh(x)[1].abs() * mt.arange(9).reshape(3, 3)).sum(), x)
    np.testing.assert_allclose(g.numpy(), g.numpy().conj().T, atol=1e-14)


@pytest.mark.referee
@over("f", [lambda m, x: m.linalg.eigh(hermitian(x))[1], lambda m, x: m.linalg.svd(x)[0], lambda m, x: m.linalg.svd(x)[2]])
@over("size", [0.0049, 0.0051, 0.0099, 0.0101])
def test_a_phase_too_small_to_matter_passes_as_in_pytorch(f, size):
    torch = pytest.importorskip("torch")
    refused = []
    for lib in (torch, mt):
        x = complex_matrix(lib).requires_grad_()
        vectors = f(lib, x)
        try:
            lib.autograd.grad(vectors, x, vectors.detach() * (1j * size))
            refused.append(False)
        except RuntimeError:
            refused.append(True)
    assert refused[0] == refused[1]
