"""Linear algebra's refusals in PyTorch's words, its named results, and its values where formulas divide by 0."""

import pickle
import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch import linalg as L
from minitorch.ops.backward import gradients

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.referee
T = torch.linalg


def z(*shape, dtype="float32"):
    return mt.zeros(*shape, dtype=getattr(mt, dtype)), torch.zeros(*shape, dtype=getattr(torch, dtype))


REFUSALS = {
    "singular": lambda m, A: m.linalg.inv(A(2, 2)),
    "singular in a batch": lambda m, A: m.linalg.inv(A(2, 2, 2)),
    "singular system": lambda m, A: m.linalg.solve(A(2, 2), A(2)),
    "singular systems": lambda m, A: m.linalg.solve(A(3, 2, 2), A(3, 2)),
    "not positive-definite": lambda m, A: m.linalg.cholesky(A(3, 3)),
    "not positive-definite in a batch": lambda m, A: m.linalg.cholesky(A(2, 3, 3)),
    "not positive-definite, by the old name": lambda m, A: m.cholesky(A(2, 2)),
    "a vector": lambda m, A: m.linalg.det(A(3)),
    "not square": lambda m, A: m.linalg.slogdet(A(2, 3)),
    "integers": lambda m, A: m.linalg.inv(A(2, 2).long()),
    "half precision": lambda m, A: m.linalg.inv(A(2, 2).half()),
    "sides that do not meet": lambda m, A: m.linalg.solve(A(2, 2), A(3, 1)),
    "sides of two dtypes": lambda m, A: m.linalg.solve(A(2, 2), A(2, 1).double()),
    "a triangular system of a vector": lambda m, A: m.linalg.solve_triangular(A(2, 2), A(2), upper=True),
    "no mode of qr": lambda m, A: m.linalg.qr(A(2, 2), mode="x"),
    "no triangle": lambda m, A: m.linalg.eigh(A(2, 2), "Q"),
    "not a matrix for svd": lambda m, A: m.linalg.svd(A(2)),
    "nan in svd": lambda m, A: m.linalg.svd(A(2, 2) / 0),
    "nan in eig": lambda m, A: m.linalg.eig(A(2, 2) / 0),
    "no matrix norm": lambda m, A: m.linalg.matrix_norm(A(3, 3), 3),
    "no matrix for a norm": lambda m, A: m.linalg.matrix_norm(A(3)),
    "one dimension twice": lambda m, A: m.linalg.matrix_norm(A(3, 3), dim=(0, 0)),
    "a norm of three dimensions": lambda m, A: m.linalg.norm(A(3, 3, 3), 2),
    "no condition": lambda m, A: m.linalg.cond(A(2, 2), "x"),
    "condition of no square": lambda m, A: m.linalg.cond(A(2, 3), 1),
    "no tensor inverse": lambda m, A: m.linalg.tensorinv(A(2, 3), 1),
    "no tensor solution": lambda m, A: m.linalg.tensorsolve(A(2, 3), A(2)),
    "one matrix": lambda m, A: m.linalg.multi_dot([A(2, 2)]),
    "matrices that do not meet": lambda m, A: m.linalg.multi_dot([A(2, 2), A(3, 2)]),
    "cross of two": lambda m, A: m.linalg.cross(A(2, 2), A(2, 2)),
    "no three anywhere": lambda m, A: m.cross(A(2, 2), A(2, 2)),
    "columns of distances": lambda m, A: m.cdist(A(2, 3), A(2, 4)),
    "distances of vectors": lambda m, A: m.cdist(A(2), A(2)),
    "negative p": lambda m, A: m.cdist(A(2, 3), A(2, 3), p=-1.0),
    "no mode of cdist": lambda m, A: m.cdist(A(2, 3), A(2, 3), compute_mode="x"),
    "pairs of numbers": lambda m, A: m.pdist(A(2)),
    "contracted sizes": lambda m, A: m.tensordot(A(2, 3), A(2, 3), dims=1),
    "negative dims": lambda m, A: m.tensordot(A(2, 3), A(2, 3), dims=-1),
    "inner sizes": lambda m, A: m.inner(A(2), A(3)),
    "sizes of addmv": lambda m, A: m.addmv(A(2), A(2, 3), A(2)),
    "a matrix for addr": lambda m, A: m.addr(A(2), A(2, 3), A(2)),
    "a sum of another shape": lambda m, A: m.addr(A(5), A(2), A(3)),
    "two dimensions of vander": lambda m, A: m.vander(A(2, 2)),
    "low reflections": lambda m, A: m.linalg.householder_product(A(2, 3), A(2)),
    "least squares of a vector": lambda m, A: m.linalg.lstsq(A(3), A(3)),
    "no driver": lambda m, A: m.linalg.lstsq(A(3, 2), A(3, 2), driver="x"),
    "factors that cannot divide": lambda m, A: m.linalg.lu_factor(A(2, 2)),
    "an old factor of another size": lambda m, A: m.cholesky_solve(A(3, 2), A(2, 2)),
}


@pytest.mark.parametrize("call", REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_computed_is_refused_in_pytorchs_words(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((RuntimeError, ValueError, NotImplementedError)) as theirs:
            call(torch, torch.zeros)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", r"torch\..* is deprecated")
        with pytest.raises((RuntimeError, ValueError, NotImplementedError)) as ours:
            call(mt, mt.zeros)
    assert str(ours.value).startswith(str(theirs.value).split(" \n")[0].split("\n")[0])
    assert isinstance(ours.value, L.LinAlgError) == isinstance(theirs.value, T.LinAlgError)


def test_the_error_is_of_this_namespace():
    assert issubclass(L.LinAlgError, RuntimeError)
    assert pickle.loads(pickle.dumps(L.LinAlgError("x"))).args == ("x",)


def test_results_have_pytorchs_names():
    x, y = mt.eye(2), torch.eye(2)
    for name in "eigh eig svd qr slogdet lu lu_factor inv_ex cholesky_ex".split():
        ours, theirs = getattr(L, name)(x), getattr(T, name)(y)
        assert repr(ours).partition("(")[0] == repr(theirs).partition("(")[0]
        assert ours._fields == tuple(f for f in dir(theirs) if f in ours._fields) or set(ours._fields) <= set(dir(theirs))


def test_a_determinant_has_two_derivatives_at_a_singular_matrix():
    x = mt.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]], dtype=mt.float64, requires_grad=True)
    (first,) = gradients([mt.det(x)], [x], create_graph=True)
    a = x.detach().numpy()
    cofactors = [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(first.detach().numpy(), cofactors, atol=1e-12)
    (second,) = gradients([first[0, 0]], [x])
    np.testing.assert_allclose(second.numpy(), [[0, 0, 0], [0, 1, -1], [0, -6, 4]], atol=1e-12)


def test_a_determinant_at_equal_singular_values():
    x = mt.eye(3, dtype=mt.float64).requires_grad_()
    (g,) = gradients([mt.det(x)], [x])
    np.testing.assert_allclose(g.numpy(), np.eye(3), atol=1e-15)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("mode", ["use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"])
def test_a_distance_of_zero_has_gradient_zero(p, mode):
    x = mt.tensor([[1.0, 2.0]], dtype=mt.float64, requires_grad=True)
    y = mt.tensor([[1.0, 2.0]], dtype=mt.float64, requires_grad=True)
    found = mt.cdist(x, y, p=p, compute_mode=mode)
    first = gradients([found], [x, y], create_graph=True)
    assert [g.tolist() for g in first] == [[[0, 0]], [[0, 0]]]


def test_many_rows_are_as_near_by_product_as_by_difference():
    x, y = mt.randn(40, 3, dtype=mt.float64), mt.randn(30, 3, dtype=mt.float64)
    near = mt.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    np.testing.assert_allclose(mt.cdist(x, y).numpy(), near.numpy(), atol=1e-12)


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0)])
def test_matrices_of_size_zero(shape):
    ours, theirs = z(*shape, dtype="float64")
    for name in "inv det slogdet cholesky eigh eigvalsh eig svd svdvals qr matrix_exp pinv matrix_rank lu".split():
        one, other = getattr(L, name)(ours), getattr(T, name)(theirs)
        one, other = (one, other) if isinstance(one, tuple) else ((one,), (other,))
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=name)
            assert str(a.dtype) == str(b.dtype), name


def test_what_is_singular_says_so_without_raising():
    ours, theirs = L.inv_ex(mt.zeros(2, 2)), T.inv_ex(torch.zeros(2, 2))
    assert ours.info.item() == theirs.info.item() == 1
    assert L.solve_ex(mt.zeros(2, 2), mt.zeros(2)).info.item() == 1
    assert L.cholesky_ex(-mt.eye(2)).info.item() == 1
    assert L.cond(mt.zeros(3, 3), 1).item() == np.inf
    assert mt.logdet(mt.zeros(2, 2)).item() == -np.inf
    assert np.isnan(mt.logdet(-mt.eye(1)).item())
    assert np.isnan(L.solve_triangular(mt.zeros(2, 2), mt.zeros(2, 1), upper=True).numpy()).all()


def test_a_complete_q_has_no_derivative():
    x = mt.randn(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="not differentiable when mode='complete' and nrows > ncols"):
        L.qr(x, mode="complete").Q.sum().backward()


@pytest.mark.parametrize("driver", [None, "gels", "gelsd", "gelss", "gelsy"])
def test_least_squares(driver):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(4, 2)), random.normal(size=(4, 3))
    ours = L.lstsq(mt.tensor(a), mt.tensor(b), driver=driver)
    theirs = T.lstsq(torch.tensor(a), torch.tensor(b), driver=driver)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-12)
