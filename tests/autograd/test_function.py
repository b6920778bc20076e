"""autograd.Function: ctx, several results, marks, every error, double backward, forward mode, no leak."""

import gc
import math
import weakref
from collections import namedtuple

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function, grad
from minitorch.autograd.function import once_differentiable

CHANGED = "one of the variables needed for gradient computation has been modified by an inplace operation"


def leaf(*values):
    return mt.tensor(values or (1.0, 2.0, 3.0), dtype=mt.float64, requires_grad=True)


def made(forward=lambda ctx, x, *rest: x * 2, backward=lambda ctx, *g: g[0] * 2, **more):
    """A Function from two plain functions."""
    methods = {"forward": forward, "backward": backward, **more}
    return type("Made", (Function,), {name: staticmethod(method) for name, method in methods.items()})


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Exp(Function):
    """Saves its result."""

    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g * out


class Separate(Function):
    """The new style, with a factor that is no tensor and has a default."""

    @staticmethod
    def forward(x, factor=3.0):
        return x * factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.factor = inputs
        ctx.shape = output.shape

    @staticmethod
    def backward(ctx, g):
        assert ctx.shape == g.shape
        return g * ctx.factor, None


class SumAndProduct(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx, g_sum, g_product):
        x, y = ctx.saved_tensors
        return g_sum + g_product * y, g_sum + g_product * x


# ---- what it computes ----------------------------------------------------------------------------------------------
def test_first_and_higher_derivatives():
    for function, derivatives in ((Cube, (12.0, 12.0, 6.0)), (Exp, [math.exp(2)] * 4)):
        x = leaf(2.0)
        y = function.apply(x)
        for expected in derivatives:
            (y,) = grad(y.sum(), x, create_graph=True, allow_unused=True, materialize_grads=True)
            assert y.item() == pytest.approx(expected)


def test_the_new_style():
    x = leaf()
    Separate.apply(x).sum().backward()
    assert (x.grad == 3).all()
    x.grad = None
    Separate.apply(x, factor=5.0).sum().backward()
    assert (x.grad == 5).all()
    x.grad = None
    Separate.apply(factor=7.0, x=x).sum().backward()
    assert (x.grad == 7).all()


def test_keywords_of_the_old_style():
    x = leaf()
    Cube.apply(x=x).sum().backward()
    assert x.grad.tolist() == [3, 12, 27]
    named = made(lambda ctx, x, *, other=None: x * 1)
    with pytest.raises(TypeError, match="takes tensors that require grad by position"):
        named.apply(mt.ones(3), other=x)


def test_several_results():
    x, y = leaf(), leaf(4.0, 5.0, 6.0)
    total, product = SumAndProduct.apply(x, y)
    assert (total.output_nr, product.output_nr) == (0, 1)
    (total.sum() + (product * 2).sum()).backward()
    assert x.grad.tolist() == [9, 11, 13] and y.grad.tolist() == [3, 5, 7]
    (g,) = grad(SumAndProduct.apply(x, y)[1].sum(), x, create_graph=True)
    (second,) = grad(g.sum(), y)
    assert (second == 1).all()


def test_results_that_are_no_tensors_pass_through():
    seen = []
    function = made(lambda ctx, x: (x * 2, 5, "text", None), lambda ctx, *g: seen.append(g) or g[0] * 2)
    x = leaf()
    out, *rest = function.apply(x)
    assert rest == [5, "text", None]
    out.sum().backward()
    assert [None if g is None else g.tolist() for g in seen[0]] == [[1, 1, 1], None, None, None]
    assert made(lambda ctx, x: None).apply(x) is None


def test_lists_and_named_tuples_keep_their_kind():
    x = leaf()
    Pair = namedtuple("Pair", "one other")
    listed = made(lambda ctx, x: [x * 2, x * 3], lambda ctx, a, b: 2 * a + 3 * b).apply(x)
    named = made(lambda ctx, x: Pair(x * 2, x * 3), lambda ctx, a, b: 2 * a + 3 * b).apply(x)
    assert type(listed) is list and type(named) is Pair
    (listed[0] + named.other).sum().backward()
    assert (x.grad == 5).all()


def test_arguments_that_are_no_tensors_and_gradients_that_are_none():
    seen = []

    def forward(ctx, x, number, y, listed):
        ctx.number = number
        seen.append(ctx.needs_input_grad)
        return x * number + y + listed[0]

    function = made(forward, lambda ctx, g: (g * ctx.number, None, None, None))
    x, y = leaf(), mt.ones(3, dtype=mt.float64)
    function.apply(x, 4.0, y, [leaf()]).sum().backward()
    assert seen == [(True, False, False, False)] and (x.grad == 4).all()
    w = leaf()
    made(forward, lambda ctx, g: (None, None, g, None)).apply(w, 4.0, x, [1]).sum().backward()
    assert w.grad is None and (x.grad == 5).all()


def test_more_nones_than_arguments_are_fine():
    x = leaf()
    made(backward=lambda ctx, g: (g, None, None)).apply(x).sum().backward()
    assert (x.grad == 1).all()


def test_gradients_are_brought_to_shape_and_dtype():
    x = leaf()
    made(backward=lambda ctx, g: mt.ones(2, 3)).apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2, 2] and x.grad.dtype == mt.float64
    y = mt.ones(3, requires_grad=True)
    made(backward=lambda ctx, g: g.double()).apply(y).sum().backward()
    assert y.grad.dtype == mt.float32


def test_nothing_is_recorded_inside_or_without_need():
    inside = []
    function = made(lambda ctx, x: inside.append((x * 2).requires_grad) or x * 2)
    assert function.apply(leaf()).requires_grad
    assert not function.apply(mt.ones(3)).requires_grad
    with mt.no_grad():
        assert not function.apply(leaf()).requires_grad
    assert inside == [False] * 3 and mt.is_grad_enabled()
    with pytest.raises(KeyError):
        made(lambda ctx, x: {}[0]).apply(leaf())
    assert mt.is_grad_enabled()


def test_the_same_tensor_twice():
    x = leaf()
    total, product = SumAndProduct.apply(x, x)
    (total + product).sum().backward()
    assert x.grad.tolist() == [4, 6, 8]
    one, other = made(lambda ctx, x: (x, x), lambda ctx, a, b: a + 10 * b).apply(x)
    (g,) = grad(one.sum() + 2 * other.sum(), x)
    assert g.tolist() == [21, 21, 21]


def test_grad_mode_inside_backward():
    modes = []
    function = made(backward=lambda ctx, g: modes.append(mt.is_grad_enabled()) or g)
    x = leaf()
    grad(function.apply(x).sum(), x)
    grad(function.apply(x).sum(), x, create_graph=True)
    assert modes == [False, True]


def test_a_backward_inside_a_backward():
    def backward(ctx, g):
        with mt.enable_grad():
            inner = ctx.saved_tensors[0].detach().requires_grad_()
            (found,) = grad((inner**3).sum(), inner)
        return g * found

    x = leaf()
    made(lambda ctx, x: ctx.save_for_backward(x) or x**3, backward).apply(x).sum().backward()
    assert x.grad.tolist() == [3, 12, 27]


def test_the_vjp_spelling():
    x = leaf()
    function = type("Made", (Function,), {"forward": staticmethod(lambda ctx, x: x * 2), "vjp": staticmethod(
        lambda ctx, g: g * 2)})  # fmt: skip
    function.apply(x).sum().backward()
    assert (x.grad == 2).all()
    both = made(vjp=lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        both.apply(x).sum().backward()


# ---- marks ---------------------------------------------------------------------------------------------------------
def test_non_differentiable_results():
    seen = []

    def forward(ctx, x):
        still = x * 3
        ctx.mark_non_differentiable(still)
        return x * 2, still, x.long()

    function = made(forward, lambda ctx, *g: seen.append(g) or g[0] * 2)
    x = leaf()
    out, still, whole = function.apply(x)
    assert out.requires_grad and not still.requires_grad and not whole.requires_grad
    out.sum().backward()
    assert [(g.dtype, g.tolist()) for g in seen[0]] == [
        (mt.float64, [1, 1, 1]), (mt.float64, [0, 0, 0]), (mt.int64, [0, 0, 0])]  # fmt: skip


def test_materialised_gradients():
    for materialize in (True, False):
        seen = []

        def forward(ctx, x, materialize=materialize):
            ctx.set_materialize_grads(materialize)
            return x * 2, x * 3

        function = made(forward, lambda ctx, *g, seen=seen: seen.append(g) or g[0] * 2)
        function.apply(leaf())[0].sum().backward()
        assert seen[0][1] is None if not materialize else seen[0][1].tolist() == [0, 0, 0]


class Double_(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_marked_dirty():
    x = leaf()
    h = x * 3
    version = h._cell[0]
    assert Double_.apply(h) is h and h.tolist() == [6, 12, 18] and h._cell[0] > version
    h.sum().backward()
    assert (x.grad == 6).all()


def test_a_view_marked_dirty():
    x = leaf()
    h = x * 3
    v = h[1:]
    assert Double_.apply(v) is v
    (h.sum() + v.sum()).backward()
    assert x.grad.tolist() == [3, 12, 12]


def test_dirty_refusals():
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        Double_.apply(leaf())
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        Double_.apply(leaf()[1:])
    lost = made(lambda ctx, x: ctx.mark_dirty(x) or x * 1)
    with pytest.raises(RuntimeError, match="Some elements marked as dirty during the forward method were not returned"):
        lost.apply(leaf() * 1)


def test_a_saved_tensor_written_by_a_dirty_function_is_noticed():
    x = leaf()
    h = x * 1
    y = h * h
    Double_.apply(h)
    with pytest.raises(RuntimeError, match=CHANGED):
        y.sum().backward()


# ---- results on the memory of an input -----------------------------------------------------------------------------
OVERRIDE = "would override the custom backward associated with the custom Function"


@pytest.mark.parametrize("forward", [lambda ctx, x: x, lambda ctx, x: x.view(-1), lambda ctx, x: x[:]])
def test_a_returned_input_or_view_keeps_its_own_backward(forward):
    x = leaf()
    h = x * 1
    y = made(forward, lambda ctx, g: g * 7).apply(h)
    assert y is not h and y._is_view() and y._base is h and np.may_share_memory(y._data, h._data)
    y.sum().backward()
    assert (x.grad == 7).all()
    with pytest.raises(RuntimeError, match=f"is being modified inplace.*{OVERRIDE}"):
        y.mul_(2)
    with pytest.raises(RuntimeError, match=f"is being modified inplace.*{OVERRIDE}"):
        y[:1].mul_(2)
    h.mul_(2)
    with pytest.raises(RuntimeError, match=f"its base or another view of its base has been modified.*{OVERRIDE}"):
        y * 1
    y = made(forward, lambda ctx, g: g * 7).apply(mt.ones(3))
    y.mul_(2)


# ---- saving --------------------------------------------------------------------------------------------------------
def test_a_write_to_a_saved_tensor_is_noticed():
    for write in (lambda h, y: h.add_(1), lambda h, y: h[0].zero_(), lambda h, y: h.detach().mul_(2)):
        x = leaf()
        h = x * 1
        y = Cube.apply(h)
        write(h, y)
        with pytest.raises(RuntimeError, match=rf"{CHANGED}: \[torch.DoubleTensor \[3\]\], which is saved tensor 0 of "
                                               "CubeBackward, is at version 1; expected version 0 instead"):  # fmt: skip
            y.sum().backward()
    y = Exp.apply(leaf())
    y.add_(1)
    with pytest.raises(RuntimeError, match=CHANGED):
        y.sum().backward()


def test_a_second_backward():
    x = leaf()
    loss = Cube.apply(x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time.*'Cube'"):
        loss.backward()
    loss = Separate.apply(x).sum()  # saves nothing
    loss.backward()
    loss.backward()


def test_the_node_shows_what_it_saved():
    x = leaf()
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward" and repr(y.grad_fn).startswith("<CubeBackward object")
    (saved,) = y.grad_fn.saved_tensors
    assert saved.tolist() == x.tolist() and saved.requires_grad
    assert SumAndProduct.apply(x, x)[1].grad_fn.name() == "SumAndProductBackward"
    assert Separate.apply(x).grad_fn.factor == 3.0
    y.sum().backward()
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already been freed"):
        _ = y.grad_fn.saved_tensors


def test_none_may_be_saved():
    function = made(lambda ctx, x: ctx.save_for_backward(None, x) or x * 2,
                    lambda ctx, g: g * 2 if ctx.saved_tensors[0] is None else None)  # fmt: skip
    x = leaf()
    function.apply(x).sum().backward()
    assert (x.grad == 2).all()


def test_a_gradient_that_is_a_saved_tensor_is_no_alias_of_it():
    x = leaf()
    (g,) = grad(made(lambda ctx, x: ctx.save_for_backward(x) or x * x / 2, lambda ctx, g: ctx.saved_tensors[0]).apply(x).sum(), x)
    g.zero_()
    assert x.tolist() == [1, 2, 3]


def test_intermediate_and_captured_tensors_may_be_saved():
    w = leaf(2.0, 2.0, 2.0)

    def forward(ctx, x):
        half = x / 2
        ctx.save_for_backward(half, w)
        return half * w

    function = made(forward, lambda ctx, g: g * ctx.saved_tensors[1] / 2)
    x = leaf()
    (g,) = grad(function.apply(x).sum(), x, create_graph=True)
    assert (g == 1).all()
    assert grad(g.sum(), w)[0].tolist() == [0.5] * 3


def test_inference_tensors_cannot_be_saved():
    with mt.inference_mode():
        frozen = mt.ones(3)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        made(lambda ctx, x: ctx.save_for_backward(frozen) or x * 1).apply(leaf())


# ---- errors --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("answer", "text"), [
    (lambda ctx, g: (g, g), r"function MadeBackward returned an incorrect number of gradients \(expected 1, got 2\)"),
    (lambda ctx, g: (), r"function MadeBackward returned an incorrect number of gradients \(expected 1, got 0\)"),
    (lambda ctx, g: 3.0, r"expected Variable or None \(got float\)"),
    (lambda ctx, g: [g], r"expected Variable or None \(got list\)"),
    (lambda ctx, g: mt.ones(2), r"Function MadeBackward returned an invalid gradient at index 0 - got \[2\] but expected "
                                r"shape compatible with \[3\]"),
    (lambda ctx, g: mt.ones(1), r"returned an invalid gradient at index 0 - got \[1\]"),
])  # fmt: skip
def test_what_backward_may_not_return(answer, text):
    x = leaf()
    with pytest.raises(RuntimeError, match=text):
        made(backward=answer).apply(x).sum().backward()
    assert x.grad is None


def test_a_gradient_for_what_is_no_tensor():
    text = "returned a gradient different than None at position 2, but the corresponding forward input was not a Variable"
    with pytest.raises(RuntimeError, match=text):
        made(backward=lambda ctx, g: (g, g)).apply(leaf(), 3).sum().backward()


def test_wrong_uses():
    x = leaf()
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        instance = Cube()
    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"):
        instance(x)
    with pytest.raises(NotImplementedError, match="You must implement the forward function for custom autograd.Function"):
        Function.apply(x)
    only_forward = type("Made", (Function,), {"forward": staticmethod(lambda ctx, x: x * 2)})
    with pytest.raises(NotImplementedError, match="You must implement either the backward or vjp method"):
        only_forward.apply(x).sum().backward()
    with pytest.raises(TypeError, match="save_for_backward can only save variables, but argument 1 is of type int"):
        made(lambda ctx, x: ctx.save_for_backward(x, 3) or x * 1).apply(x)


# ---- once ----------------------------------------------------------------------------------------------------------
def test_once_differentiable():
    @once_differentiable
    def backward(ctx, g):
        assert not mt.is_grad_enabled()
        return mt.tensor(g.detach()._data * 3 * ctx.saved_tensors[0].detach()._data ** 2)

    function = made(lambda ctx, x: ctx.save_for_backward(x) or x**3, backward)
    x = leaf()
    function.apply(x).sum().backward()
    assert x.grad.tolist() == [3, 12, 27]
    (g,) = grad(function.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == [3, 12, 27]
    for out in (g.sum(), g.sum() + (x * x).sum()):
        with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once_diff"):
            grad(out, x, retain_graph=True)


# ---- forward mode --------------------------------------------------------------------------------------------------
def test_forward_mode_by_jvp_or_by_backward_twice():
    class WithJvp(Cube):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_forward(x)
            return Cube.forward(ctx, x)

        @staticmethod
        def jvp(ctx, t):
            (x,) = ctx.saved_tensors
            return t * 3 * x * x

    for function in (Cube, WithJvp):
        for f, expected in ((function.apply, [3.0, 12.0, 27.0]),
                            (lambda x, function=function: function.apply(x * 2) * x, [32.0, 256.0, 864.0])):  # fmt: skip
            _, t = mt.autograd.functional.jvp(f, leaf().detach(), mt.ones(3, dtype=mt.float64))
            assert t.tolist() == expected


def test_forward_mode_of_several_results():
    x, y = leaf().detach(), leaf(4.0, 5.0, 6.0).detach()
    _, (total, product) = mt.autograd.functional.jvp(SumAndProduct.apply, (x, y), (mt.ones_like(x), mt.ones_like(x) * 2))
    assert total.tolist() == [3, 3, 3] and product.tolist() == [6, 9, 12]


def test_forward_mode_refuses_a_once_differentiable_backward():
    function = made(lambda ctx, x: ctx.save_for_backward(x) or x**3,
                    once_differentiable(lambda ctx, g: g * 3 * ctx.saved_tensors[0] ** 2))  # fmt: skip
    with pytest.raises(RuntimeError, match="trying to differentiate twice"):
        mt.autograd.functional.jvp(function.apply, leaf().detach(), mt.ones(3, dtype=mt.float64))


# ---- memory --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("function", [Cube, Exp, Double_, lambda x: SumAndProduct.apply(x, x)[1]])
@pytest.mark.parametrize("create_graph", [False, True])
def test_nothing_leaks_with_the_garbage_collector_off(function, create_graph):
    gc.collect()
    gc.disable()
    try:
        x = leaf()
        y = getattr(function, "apply", function)(x * 2)
        nodes = [weakref.ref(y._node), weakref.ref(y)]
        (g,) = grad(y.sum(), x, create_graph=create_graph)
        if g.requires_grad:
            nodes.append(weakref.ref(g._node))
        del y, g
        assert [node() for node in nodes] == [None] * len(nodes)
    finally:
        gc.enable()


def test_ten_thousand_in_a_row():
    x = leaf(1.0)
    h = x
    for _ in range(10_000):
        h = Separate.apply(h, 1.0)
    h.sum().backward()
    assert x.grad.item() == 1
    del h


# ---- PyTorch -------------------------------------------------------------------------------------------------------
@pytest.mark.referee
def test_pytorch_agrees(monkeypatch):
    torch = pytest.importorskip("torch")
    from torch.autograd import Function as TheirFunction
    from torch.autograd.function import once_differentiable as their_once

    def there(function):
        """The same class on PyTorch's Function."""
        return type(function.__name__, (TheirFunction,), {k: v for k, v in vars(function).items() if k[0] != "_"})

    for name in ("Cube", "Exp", "Separate", "SumAndProduct", "Double_"):
        monkeypatch.setitem(globals(), name, there(globals()[name]))
    monkeypatch.setitem(globals(), "mt", torch)
    monkeypatch.setitem(globals(), "Function", TheirFunction)
    monkeypatch.setitem(globals(), "grad", torch.autograd.grad)
    monkeypatch.setitem(globals(), "once_differentiable", their_once)
    for test in (
        test_the_new_style, test_results_that_are_no_tensors_pass_through, test_materialised_gradients,
        test_arguments_that_are_no_tensors_and_gradients_that_are_none, test_more_nones_than_arguments_are_fine,
        test_gradients_are_brought_to_shape_and_dtype, test_non_differentiable_results, test_the_same_tensor_twice,
        test_grad_mode_inside_backward, test_the_vjp_spelling, test_a_view_marked_dirty, test_dirty_refusals,
        test_a_saved_tensor_written_by_a_dirty_function_is_noticed, test_a_gradient_for_what_is_no_tensor,
        test_none_may_be_saved, test_wrong_uses, test_intermediate_and_captured_tensors_may_be_saved,
    ):  # fmt: skip
        test()
