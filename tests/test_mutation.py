"""In-place ops and views: right gradients, every refusal in PyTorch's words, version counters, bases and views."""

import numpy as np
import pytest

import minitorch as mt

LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation"
CHANGED = "one of the variables needed for gradient computation has been modified by an inplace operation"
NO_GRAD_VIEW = "A view was created in no_grad mode and is being modified inplace with grad mode enabled"
NO_GRAD_BASE = "A view was created in no_grad mode and its base or another view of its base has been modified inplace"
SEVERAL = "This view is the output of a function that returns multiple views"
OVERLAP = "more than one element of the written-to tensor refers to a single memory location"
INFERENCE = "Inplace update to inference tensor outside InferenceMode is not allowed"


def leaf(lib=mt, start=1.0, shape=(2, 3)):
    size = int(np.prod(shape))
    return (lib.arange(size, dtype=lib.float64) * 0.5 + start).reshape(shape).detach().requires_grad_()


def grid(lib, shape):
    """Weights that tell every entry of a gradient from every other."""
    size = int(np.prod(shape))
    return (lib.arange(size, dtype=lib.float64) + 1).reshape(shape)


# ---- gradients -----------------------------------------------------------------------------------------------------
def doubled(h):
    h.mul_(2)


def by_itself(h):
    h.mul_(h)


def by_a_part_of_itself(h):
    h.mul_(h[0].clone())


def by_its_detached_self(h):
    h.mul_(h.detach().clone())


def a_row(h):
    h[1].exp_()


def a_row_by_another(h):
    h[0].mul_(h[1].clone())


def a_column_through_two_views(h):
    h.t()[1][:1].tanh_()


def the_same_row_twice(h):
    v, w = h[0], h[0]
    v.mul_(3)
    w.add_(v)


def base_after_view(h):
    v = h[0]
    h.mul_(2)
    v.mul_(3)


def view_after_base(h):
    v = h[:, 1:]
    v.sin_()
    h.mul_(5)
    v.add_(1)


def copied(h):
    h.copy_(h.flip(0) * 2)


def filled(h):
    h[0].fill_(2.0)
    h[1, 1:].zero_()


def everything_zeroed(h):
    h.zero_()


def overwritten(h):
    h[...] = h.t().reshape(2, 3) * 3


def augmented(h):
    h += 1
    h *= h
    h[0] -= 2
    h[:, 1] /= 4


def transposed(h):
    h.t_()
    h[0].mul_(7)
    h.t_()


def a_view_from_before_a_transpose(h):
    v = h[1]
    h.transpose_(0, 1)
    v.mul_(3)
    h[0, 0] = 5.0
    h.transpose_(0, 1)


def unsqueezed(h):
    h.unsqueeze_(0).mul_(2)
    h.squeeze_()


def a_reshape_in_another_memory_order(h):
    k = h.t().clone()
    v = k.t().reshape(6)
    v[2:].mul_(3)
    h.copy_(k.t())


def diagonal(h):
    h[:, :2].diagonal().mul_(4)
    h.diagonal(1).add_(1)


def masked(h):
    h[h.detach() > 2] *= 3
    h.masked_fill_(h.detach() < 1.2, 0.5)


def clamped(h):
    h.clamp_(1.2, 2.7)
    h.relu_()


def halves(h):
    h[:, :2].pow_(2)
    h.sub_(h.detach())
    h.add_(h)


PROGRAMS = [doubled, by_itself, by_a_part_of_itself, by_its_detached_self, a_row, a_row_by_another,
            a_column_through_two_views, the_same_row_twice, base_after_view, view_after_base, copied, filled,
            everything_zeroed, overwritten, augmented, transposed, a_view_from_before_a_transpose, unsqueezed,
            a_reshape_in_another_memory_order, diagonal, masked, clamped, halves]  # fmt: skip
#: PyTorch refuses the backward of `x.mul_(x)`: the number it saved is gone. Here the old one is kept.
OURS = {by_itself, augmented}


def outcome(lib, program, **options):
    x = leaf(lib)
    h = x * 1.5
    program(h)
    loss = (h * grid(lib, (2, 3))).sum() + (h * h).sum()
    (g,) = lib.autograd.grad(loss, x, create_graph=True)
    second = lib.autograd.grad((g * grid(lib, (2, 3))).sum(), x)[0] if g.requires_grad else lib.zeros(2, 3)
    return [np.array(t.detach().tolist()) for t in (h, g, second)]


@pytest.mark.referee
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_gradients_are_pytorchs(program):
    torch = pytest.importorskip("torch")
    try:
        expected = outcome(torch, program)
    except RuntimeError as error:
        assert CHANGED in str(error) and program in OURS
        return
    for one, other in zip(outcome(mt, program), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p not in (by_its_detached_self, halves)],
                         ids=lambda program: program.__name__)  # fmt: skip
def test_gradients_against_differences(program):
    """All but those that use detached numbers, which a difference would move."""
    weight = grid(mt, (2, 3))

    def loss(x):
        h = x * 1.5
        program(h)
        return (h * weight).sum() + (h * h).sum()

    x = leaf()
    (g,) = mt.autograd.grad(loss(x), x)
    step = 1e-6
    for place in np.ndindex(2, 3):
        moved = mt.zeros(2, 3, dtype=mt.float64)
        moved[place] = step
        slope = (loss(x.detach() + moved) - loss(x.detach() - moved)).item() / (2 * step)
        assert g[place].item() == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_an_in_place_op_returns_its_tensor_and_writes_its_memory():
    x = mt.ones(3)
    address = x.data_ptr()
    assert x.add_(1) is x and x.data_ptr() == address and x.tolist() == [2, 2, 2]
    y = x
    y *= 3
    assert y is x and x.tolist() == [6, 6, 6]


def test_a_write_of_a_constant_leaves_the_tensor_on_the_tape():
    x = leaf()
    for write in (lambda h: h.zero_(), lambda h: h.fill_(2.0), lambda h: h.copy_(mt.ones(2, 3)),
                  lambda h: h.__setitem__(Ellipsis, 0)):  # fmt: skip
        h = x * 1
        write(h)
        assert h.requires_grad
        (g,) = mt.autograd.grad(h.sum(), x)
        assert not g.any()


def test_a_tensor_off_the_tape_enters_it_by_a_write():
    x, base = leaf(), mt.zeros(3, 3, dtype=mt.float64)
    view = base[1:]
    base[1:] = x
    assert base.requires_grad and view.requires_grad and not base.is_leaf
    view.mul_(2)
    base.sum().backward()
    assert (x.grad == 2).all()


# ---- bases, views and nodes ----------------------------------------------------------------------------------------
def test_views_know_their_base():
    x = mt.zeros(2, 3)
    v = x[0]
    w = v[1:]
    assert v._base is x and w._base is x and x._base is None
    assert v._is_view() and not x._is_view()
    assert not x.clone()._is_view() and not x.detach()._is_view()


def test_an_expand_to_the_same_shape_and_windows_are_views():
    x = leaf()
    h = x * 1
    same, windows = h.expand(2, 3), h[0].unfold(0, 2, 1)
    assert same._base is h and windows._base is h
    h.mul_(3)
    (same.sum() + windows.sum()).backward()
    assert x.grad.tolist() == [[6, 9, 6], [3, 3, 3]]


def test_sharing_memory_means_being_a_view():
    x = mt.ones(1, 2, 3)
    z = mt.ones(2, 2, dtype=mt.complex64)
    made = [x[:], x.view(6), x.reshape(3, 2), x.flatten(), x.squeeze(), x.unsqueeze(0), x.transpose(1, 2),
            x.permute(2, 0, 1), x.expand(4, 2, 3), x.expand(1, 2, 3), x.narrow(1, 0, 1), x.select(0, 0), x.diagonal(0, 1, 2), x.unfold(2, 2, 1),
            x.movedim(0, 1), x[0].t(), x[0].T, x.mT, x.swapaxes(0, 1), x.unflatten(2, (3, 1)),
            *x.unbind(1), *x.split(1, 1), *x.chunk(2, 1), x.flip(0), x.flip(()), x.clone(), x.contiguous().clone(),
            x.broadcast_to((2, 2, 3)), x.view_as(x), x.expand_as(x), x.sum(0), x.sum(()),
            x.to(mt.float64), x.tril(), x.cumsum(0), x.clamp(min=0), x * 1, x + 0, z.real, z.imag]  # fmt: skip
    for place, t in enumerate(made):
        base = next((base for base in (x, z) if np.may_share_memory(t._data, base._data)), None)
        assert (base is not None) == (t._is_view() or t is x), place
        assert base is None or t._cell is base._cell


def test_a_stale_view_is_rebuilt_once():
    x = leaf()
    h = x * 1
    v = h[0]
    before = v.grad_fn
    h.mul_(2)
    assert v.grad_fn != before
    assert v.grad_fn == v.grad_fn


def test_a_view_outlives_its_base():
    x = leaf()
    v = (x * 1)[0]
    v.mul_(3)
    v.sum().backward()
    assert x.grad.tolist() == [[3, 3, 3], [0, 0, 0]]


def test_a_write_under_no_grad_is_not_recorded():
    x = leaf()
    h = x * 1
    with mt.no_grad():
        h.mul_(10)
        h[0] = 3.0
    h.sum().backward()
    assert (x.grad == 1).all()


# ---- refusals ------------------------------------------------------------------------------------------------------
def test_a_leaf_is_refused():
    x = leaf()
    before = x.tolist()
    for write in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.__setitem__(0, 1.0), lambda: x.copy_(x.detach()),
                  lambda: x.t_(), lambda: x.__iadd__(1)):  # fmt: skip
        with pytest.raises(RuntimeError, match=LEAF):
            write()
    assert x.tolist() == before and x._cell[0] == 0
    with mt.no_grad():
        x.add_(1)
    x.detach().add_(1)
    x.data.add_(1)
    assert x[0, 0].item() == 4


def test_a_view_of_a_leaf_is_refused():
    x = leaf()
    for v in (x[0], x.t(), x[:, 1:], x.view(-1)[2:], x[0][1:]):
        with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
            v.mul_(2)
        with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
            v[...] = 0.0
    assert x._cell[0] == 0


def test_a_view_from_before_requires_grad_is_refused():
    x = mt.zeros(3)
    v = x[:2]
    x.requires_grad_()
    with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
        v.fill_(1.0)
    w = mt.zeros(3)[:2].requires_grad_()
    with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
        w.fill_(1.0)


def test_a_no_grad_view_is_refused():
    h = leaf() * 1
    with mt.no_grad():
        v = h[0]
        v.add_(1)
    for write in (lambda: v.mul_(2), lambda: v.zero_(), lambda: v.__setitem__(0, 1.0), lambda: v[1:].mul_(2)):
        with pytest.raises(RuntimeError, match=NO_GRAD_VIEW):
            write()
    h.mul_(2)
    with pytest.raises(RuntimeError, match=NO_GRAD_BASE):
        v * 1
    with mt.no_grad():
        assert (v * 1).shape == (3,)


def test_of_several_views_made_together_none_may_be_written():
    for make in (lambda h: h.unbind()[0], lambda h: h.split(1)[1], lambda h: h.chunk(2)[0], lambda h: next(iter(h)),
                 lambda h: h.split([1, 1])[0], lambda h: h.unbind()[0][1:]):  # fmt: skip
        h = leaf() * 1
        with pytest.raises(RuntimeError, match=SEVERAL):
            make(h).mul_(2)
        plain = mt.ones(2, 3)
        make(plain).mul_(2)
        assert plain.sum().item() > 6
    h = leaf() * 1
    v = h.unbind()[0]
    h.mul_(2)
    v.sum().backward()  # reading one stays possible, with the right gradient


def test_several_views_under_no_grad_are_no_grad_views_first():
    h = leaf() * 1
    with mt.no_grad():
        v = h.unbind()[0]
    with pytest.raises(RuntimeError, match=NO_GRAD_VIEW):
        v.mul_(2)


def test_elements_that_share_their_memory_are_refused():
    for make in (lambda h: h[0].expand(2, 3), lambda h: h[0].unfold(0, 2, 1), lambda h: h[:, :1].expand(2, 3),
                 lambda h: h.t()[:, :1].expand(3, 2)):  # fmt: skip
        for base in (leaf() * 1, leaf().detach()):
            for write in (lambda v: v.add_(1), lambda v: v.__setitem__(..., 1.0), lambda v: v.zero_()):
                with pytest.raises(RuntimeError, match=OVERLAP):
                    write(make(base))
    h = leaf() * 1
    h.expand(4, 2, 3)[0].mul_(2)
    h[0].unfold(0, 2, 2).mul_(2)


def test_an_inference_tensor_is_refused_outside():
    with mt.inference_mode():
        x = mt.ones(3)
        v = x[:2]
        x.add_(1)
        v.add_(1)
    assert x.is_inference() and v.is_inference()
    for t in (x, v, x.detach()):
        with pytest.raises(RuntimeError, match=INFERENCE):
            t.add_(1)
    with mt.no_grad(), pytest.raises(RuntimeError, match=INFERENCE):
        x[0] = 1.0
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        mt.ones(3, requires_grad=True) * x
    assert (mt.ones(3, requires_grad=True) + x).requires_grad
    x.clone().add_(1)


def test_a_shape_or_dtype_that_does_not_fit_is_refused_before_anything_is_written():
    x = mt.ones(3)
    with pytest.raises(RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"):
        x.add_(mt.ones(2, 3))
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        mt.ones(3, dtype=mt.int64).add_(1.5)
    assert x.tolist() == [1, 1, 1] and x._cell[0] == 0


def test_detach_in_place():
    h = leaf() * 1
    h.detach_()
    assert not h.requires_grad and h.is_leaf
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (leaf() * 1)[0].detach_()


# ---- versions ------------------------------------------------------------------------------------------------------
WRITES = {
    "add_": lambda x: x.add_(1),
    "setitem": lambda x: x.__setitem__(0, 1.0),
    "index": lambda x: x.__setitem__([0, 1], 1.0),
    "mask": lambda x: x.__setitem__(x > 0, 1.0),
    "a view": lambda x: x[0].mul_(2),
    "a view of a view": lambda x: x.t()[0].fill_(3.0),
    "detach": lambda x: x.detach().zero_(),
    "zero_": lambda x: x.zero_(),
    "copy_": lambda x: x.copy_(mt.ones(2, 3)),
    "out": lambda x: mt.add(mt.ones(2, 3, dtype=mt.float64), 1, out=x),
    "increment_version": lambda x: mt.autograd.graph.increment_version(x),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_writer_moves_the_version_that_views_share(write):
    x = leaf().detach()
    v = x[1]
    write(x)
    assert x._cell[0] == v._cell[0] == 1


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_saved_tensor_that_is_written_makes_backward_raise(write):
    w = leaf(start=3.0)
    x = leaf().detach()
    y = w * x
    write(x)
    with pytest.raises(RuntimeError, match=rf"{CHANGED}.*mul.*'y'.* is at version 1") as caught:
        y.sum().backward()
    assert "float64 tensor of shape [2, 3]" in str(caught.value)
    assert w.grad is None


def test_a_saved_result_that_is_written_makes_backward_raise():
    x = leaf()
    for f in (mt.exp, mt.tanh, mt.sigmoid, mt.sqrt):
        y = f(x)
        y.add_(1)
        with pytest.raises(RuntimeError, match=f"{CHANGED}.*as its result"):
            y.sum().backward()


@pytest.mark.parametrize("f", [lambda x: x + 1, lambda x: x.sum(0), lambda x: x / 3, lambda x: x * 3, lambda x: x.log(),
                               lambda x: x / x.detach().clone(), lambda x: -x, lambda x: x.sin()])  # fmt: skip
def test_a_result_that_is_not_saved_may_be_written(f):
    x = leaf()
    y = f(x)
    y.mul_(2)
    y.sum().backward()


def test_a_write_to_what_is_not_saved_is_no_error():
    w, x = leaf(start=3.0), leaf().detach()
    y = w + x
    x.add_(1)
    z = x * 2
    x.add_(1)
    (y.sum() + z.sum()).backward()
    assert (w.grad == 1).all()


def test_data_does_not_share_the_version():
    w, x = leaf(start=3.0), leaf().detach()
    y = w * x
    x.data.mul_(10)
    assert x._cell[0] == 0
    y.sum().backward()  # unnoticed, as in PyTorch: that is what .data is for, and why not to use it
    assert x.data._cell is not x._cell


def test_the_numbers_from_before_an_in_place_op_are_kept_for_it():
    x = leaf()
    h = x * 1
    h.mul_(h)
    h.mul_(h[0].clone())
    h.sum().backward()
    a, b = x.detach()[0], x.detach()[1]
    np.testing.assert_allclose(x.grad[0].tolist(), (4 * a**3 + 2 * a * b**2).tolist())
    np.testing.assert_allclose(x.grad[1].tolist(), (2 * b * a**2).tolist())


def test_the_result_of_an_in_place_op_is_watched():
    x = leaf()
    h = x * 1
    h.exp_()
    h.add_(1)
    with pytest.raises(RuntimeError, match=CHANGED):
        h.sum().backward()


def test_retain_graph_and_then_a_write():
    x = leaf()
    with mt.no_grad():
        scale = mt.ones(2, 3, dtype=mt.float64)
    loss = (x * scale).sum()
    loss.backward(retain_graph=True)
    scale.zero_()
    with pytest.raises(RuntimeError, match=CHANGED):
        loss.backward()


# ---- out= ----------------------------------------------------------------------------------------------------------
def test_out_writes_and_refuses_gradients():
    out = mt.zeros(3)
    assert mt.add(mt.ones(3), 1, out=out) is out and out.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match=r"functions with out=\.\.\. arguments don't support automatic differentiation"):
        mt.add(mt.ones(3, requires_grad=True), 1, out=out)
    with mt.no_grad():
        mt.add(mt.ones(3, requires_grad=True), 1, out=out)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        mt.add(mt.ones(3), 1, out=mt.zeros(3, dtype=mt.int64))


# ---- other ways to write -------------------------------------------------------------------------------------------
def test_random_fills_and_dropout_are_writes_like_any_other():
    x = leaf()
    h = x * 2
    with mt.no_grad():
        v = h[0]
    with pytest.raises(RuntimeError, match=NO_GRAD_VIEW):
        v.normal_()
    with pytest.raises(RuntimeError, match=LEAF):
        x.uniform_()
    with mt.no_grad():
        mt.nn.functional.dropout(h, 0.5, True, inplace=True)
    h.sum().backward(retain_graph=True)  # what is written under no_grad is not on the tape
    assert (x.grad == 2).all()
    h[0].normal_()
    (g,) = mt.autograd.grad(h.sum(), x)
    assert g.tolist() == [[0, 0, 0], [2, 2, 2]]


def test_assigning_data_ends_being_a_view():
    x = leaf()
    h = x * 1
    v = h[0]
    v.data = mt.zeros(3, dtype=mt.float64)
    v.mul_(2)
    assert not v._is_view()
    (h * grid(mt, (2, 3))).sum().backward()
    assert x.grad.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.referee
def test_the_parts_of_complex_numbers_are_views():
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        z = lib.tensor([1 + 2j, 3 - 1j, 0.5j], dtype=lib.complex128, requires_grad=True)
        w = z * 1
        w.real.mul_(3)
        w.imag[1:].add_(w.real[1:].clone())
        (w * w.conj()).real.sum().backward()
        found.append((w.tolist(), z.grad.tolist()))
    assert found[0][0] == pytest.approx(found[1][0]) and found[0][1] == pytest.approx(found[1][1])


def test_the_version_is_a_number_that_views_share_and_data_does_not():
    x = mt.ones(3)
    view, detached, apart = x[1:], x.detach(), x.data
    x.add_(1)
    view.mul_(2)
    assert [t._version for t in (x, view, detached, apart)] == [2, 2, 2, 0]
    assert x._version.__class__ is int
    with pytest.raises(AttributeError):
        x._version = 3
    with mt.inference_mode():
        unversioned = mt.ones(2)
    with pytest.raises(RuntimeError, match="Inference tensors do not track version counter"):
        assert unversioned._version
