"""What PyTorch warns of, and what a conjugate, a pickle and a layout say, here too."""

import pickle
import warnings

import pytest

import minitorch as mt

#: f is the module, A the identity of size 3, x three numbers, z complex, b bytes that are a mask.
CALLS = """
f.ones(2, 3, 4).T
f.ones(3).T
f.ones(2, 3).T
f.tensor(1.0).T
f.tensor(1.0).mT
f.tensor(1.0).H
f.tensor(1.0).mH
x[b]
f.cross(A, A)
f.cross(A, A, dim=0)
f.qr(A)
f.lu(A)
A.lu()
f.lu_solve(A, *f.linalg.lu_factor(A))
f.linalg.lu_solve(*f.linalg.lu_factor(A), A)
f.cholesky(A)
f.linalg.cholesky(A)
f.triangular_solve(A, A)
f.chain_matmul(A, A)
f.range(0, 3)
f.nuclear_norm(A)
f.frobenius_norm(A, 0)
z.float()
z.to(f.float64)
z.to(f.bool)
z.abs()
x.copy_(z)
x.__setitem__(0, z[0])
x.__setitem__(slice(None), z)
f.set_default_tensor_type("torch.FloatTensor")
x.resize(3, 1)
x.resize_as(x)
x.floor_divide(2)
""".strip().splitlines()


def told(lib, call):
    scope = {"f": lib, "A": lib.eye(3), "x": lib.ones(3), "z": lib.ones(3) * 1j, "b": lib.tensor([1, 0, 1], dtype=lib.uint8)}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(call, scope)
    return [(w.category, str(w.message).split("\n")[0].split(" (Triggered")[0].replace("and will", " and will").replace("  ", " "))
            for w in caught]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("call", CALLS)
def test_a_warning_is_pytorchs(call):
    torch = pytest.importorskip("torch")
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        expected = told(torch, call)
    finally:
        torch.set_warn_always(before)
    assert told(mt, call) == expected


def test_a_warning_points_at_the_call():
    with pytest.warns(UserWarning, match="torch.qr is deprecated") as caught:
        mt.qr(mt.eye(2))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="on tensors of dimension other than 2") as caught:
        mt.ones(3).T  # noqa: B018
    assert caught[0].filename == __file__


@pytest.mark.referee
@pytest.mark.parametrize("call", ["f.ones(6).resize(2, 2)", "f.ones(3).as_subclass(3)", "f.ones(3).as_subclass(int)",
                                  "f.set_default_tensor_type(f.LongTensor)", "f.set_default_tensor_type(3)", "f.set_flush_denormal(1)",
                                  "f.ones(2, 3, 4).H", "f.ones(3).mT", "f.ones(3).copy_(f.ones(4))", "f.ones(3, 3).copy_(f.ones(2, 3, 3))"])  # fmt: skip
def test_a_refusal_is_pytorchs(call):
    torch = pytest.importorskip("torch")
    said = []
    for lib in (mt, torch):
        with warnings.catch_warnings(), pytest.raises((TypeError, RuntimeError)) as error:
            warnings.simplefilter("ignore")
            eval(call, {"f": lib})
        said.append((type(error.value), str(error.value)))
    assert said[0] == said[1]


def test_a_pickled_result_still_requires_grad():
    x = mt.ones(2, requires_grad=True)
    again = pickle.loads(pickle.dumps(x * 2))
    assert again.requires_grad and again.is_leaf and again.tolist() == [2, 2]


def test_positions_lie_as_in_pytorch():
    found = mt.eye(3).nonzero()
    assert found.stride() == (1, 3) and found.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_number_is_copied_everywhere():
    assert mt.zeros(2).copy_(3).tolist() == [3, 3]


def test_a_tensor_seen_as_a_subclass_shares_memory_and_history():
    class Named(mt.Tensor):
        pass

    x = mt.ones(3, requires_grad=True)
    seen = x.as_subclass(Named)
    assert isinstance(seen, Named) and not seen.is_leaf
    (seen * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    y = mt.zeros(2)
    y.as_subclass(Named).add_(1)
    assert y.tolist() == [1, 1]


def test_compile_gives_the_function_itself():
    assert mt.compile(len) is len
    assert mt.compile(mode="reduce-overhead")(len) is len

    @mt.compile
    def twice(x):
        return x * 2

    assert twice(3) == 6
    with pytest.raises(RuntimeError, match="Either mode or options"):
        mt.compile(len, mode="default", options={})


def test_the_default_tensor_type_is_a_default_dtype():
    with pytest.warns(UserWarning, match="set_default_tensor_type"):
        mt.set_default_tensor_type(mt.DoubleTensor)
    try:
        assert mt.tensor(1.0).dtype is mt.float64
    finally:
        mt.set_default_dtype(mt.float32)


def test_what_is_absent_says_why():
    assert not hasattr(mt, "hub")
    with pytest.raises(AttributeError, match="no index of models"):
        mt.hub  # noqa: B018
    assert not hasattr(mt.jit, "script")
    with pytest.raises(AttributeError, match="no script compiler"):
        mt.jit.script  # noqa: B018


def test_a_conjugate_is_not_written_while_its_tensor_lives():
    """In PyTorch the write would reach the tensor; a copy of its own may be written, and so may what is left alone."""
    x = mt.tensor([1 + 2j, 3 + 4j])
    for write in (lambda: x.conj().mul_(2), lambda: x.conj()[0].fill_(0), lambda: x.conj().__setitem__(0, 1),
                  lambda: x[:1].conj().zero_(), lambda: x.conj().copy_(x)):  # fmt: skip
        with pytest.raises(RuntimeError, match="conjugate, which in PyTorch shares memory"):
            write()
    matrix = mt.ones(2, 2) * 1j
    with pytest.raises(RuntimeError, match="conjugate"):
        matrix.mH[0, 0] = 5
    assert x.tolist() == [1 + 2j, 3 + 4j]
    assert x.conj().clone().mul_(2).tolist() == [2 - 4j, 6 - 8j]
    assert x.conj().resolve_conj().mul_(2).tolist() == [2 - 4j, 6 - 8j]
    alone = (x + 0).conj()
    assert alone.mul_(2).tolist() == [2 - 4j, 6 - 8j]
    assert x.conj_physical_().tolist() == [1 - 2j, 3 - 4j]
    assert pickle.loads(pickle.dumps(x.conj())).add_(1).tolist() == [2 + 2j, 4 + 4j]
