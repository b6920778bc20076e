"""What goes wrong says so: PyTorch's class and first sentence, then what came, where, and what to write instead."""

import re

import pytest

import minitorch as mt
from minitorch import nn

F = nn.functional

#: What raises, PyTorch's class, the start of its message, and what else the message must name.
CASES = {
    "matmul shapes": (lambda: mt.ones(2, 3) @ mt.ones(2, 3), RuntimeError,
                      "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", []),
    "broadcast": (lambda: mt.ones(2, 3) + mt.ones(4, 3), RuntimeError,
                  "The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 0", []),
    "matmul dtypes": (lambda: mt.ones(2, 2) @ mt.ones(2, 2, dtype=mt.float64), RuntimeError,
                      "expected m1 and m2 to have the same dtype, but got: float != double", []),
    "reshape": (lambda: mt.ones(2, 3).reshape(4, 2), RuntimeError, "shape '[4, 2]' is invalid for input of size 6", []),
    "expand": (lambda: mt.ones(2, 3).expand(2, 4), RuntimeError,
               "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1", ["[2, 4]"]),
    "dim": (lambda: mt.ones(2, 3).sum(2), IndexError,
            "Dimension out of range (expected to be in range of [-2, 1], but got 2)", []),
    "dim twice": (lambda: mt.ones(2, 3).sum((0, 0)), RuntimeError, "dim 0 appears multiple times in the list of dims", []),
    "index": (lambda: mt.ones(3)[3], IndexError, "index 3 is out of bounds for dimension 0 with size 3", []),
    "index tensor": (lambda: mt.ones(3, 2)[mt.tensor([0, 1, 7])], IndexError,
                     "index 7 is out of bounds for dimension 0 with size 3", ["[2]"]),
    "too many indices": (lambda: mt.ones(3)[0, 0], IndexError, "too many indices for tensor of dimension 1", []),
    "index_select": (lambda: mt.ones(3).index_select(0, mt.tensor([5])), IndexError, "index out of range in self",
                     ["index 5", "size 3", "position [0]"]),
    "mask": (lambda: mt.ones(3)[mt.tensor([True, False])], IndexError,
             "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3] at index 0", []),
    "target": (lambda: F.cross_entropy(mt.ones(2, 3), mt.tensor([0, 3])), IndexError, "Target 3 is out of bounds.", ["3 classes"]),
    "item": (lambda: mt.ones(2).item(), RuntimeError, "a Tensor with 2 elements cannot be converted to Scalar", []),
    "bool": (lambda: bool(mt.ones(2)), RuntimeError, "Boolean value of Tensor with more than one value is ambiguous", []),
    "argument name": (lambda: mt.ones(2).sum(dimension=0), TypeError, "sum() received an invalid combination of arguments - got (dimension=int)", []),
    "array for a tensor": (lambda: mt.exp(mt.ones(2).numpy()), TypeError,
                           "exp(): argument 'input' (position 1) must be Tensor, not ndarray", ["from_numpy"]),
    "mean of integers": (lambda: mt.tensor([1, 2]).mean(), RuntimeError,
                         "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype.",
                         ["Long"]),
    "gradient of an integer": (lambda: mt.tensor([1]).requires_grad_(), RuntimeError,
                               "only Tensors of floating point and complex dtype can require gradients", ["int64", ".float()"]),
    "non-scalar backward": (lambda: mt.ones(2, requires_grad=True).mul(2).backward(), RuntimeError,
                            "grad can be implicitly created only for scalar outputs", ["[2]", "gradient="]),
    "backward of a constant": (lambda: mt.ones(()).backward(), RuntimeError,
                               "element 0 of tensors does not require grad and does not have a grad_fn", []),
    "in-place on a leaf": (lambda: mt.ones(2, requires_grad=True).add_(1), RuntimeError,
                           "a leaf Variable that requires grad is being used in an in-place operation.", ["no_grad"]),
    "in-place dtype": (lambda: mt.ones(2, dtype=mt.int64).add_(0.5), RuntimeError,
                       "result type Float can't be cast to the desired output type Long", []),
    "in-place shape": (lambda: mt.ones(3).add_(mt.ones(2, 3)), RuntimeError,
                       "output with shape [3] doesn't match the broadcast shape [2, 3]", []),
    "numpy of a gradient": (lambda: mt.ones(2, requires_grad=True).numpy(), RuntimeError,
                            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.", []),
    "device name": (lambda: mt.device("tpu"), RuntimeError, "Expected one of cpu, cuda", ["tpu"]),
    "cat": (lambda: mt.cat([mt.ones(2, 3), mt.ones(2, 4)]), RuntimeError,
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4", []),
    "stack": (lambda: mt.stack([mt.ones(2), mt.ones(3)]), RuntimeError,
              "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1", []),
    "conv channels": (lambda: F.conv2d(mt.ones(1, 2, 4, 4), mt.ones(1, 3, 2, 2)), RuntimeError,
                      "Given groups=1, weight of size [1, 3, 2, 2], expected input[1, 2, 4, 4] to have 3 channels, but got 2", []),
    "layer_norm": (lambda: F.layer_norm(mt.ones(2, 3), (4,)), RuntimeError,
                   "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 3]", []),
    "dropout": (lambda: F.dropout(mt.ones(2), 1.5), ValueError,
                "dropout probability has to be between 0 and 1, but got 1.5", []),
    "overload": (lambda: mt.max(mt.ones(2), "x"), TypeError, "max() received an invalid combination of arguments", ["str"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_class_sentence_and_names(name):
    run, kind, start, named = CASES[name]
    with pytest.raises(kind, match=f"^{re.escape(start)}") as caught:
        run()
    for word in named:
        assert word in str(caught.value)


@pytest.mark.referee
@pytest.mark.parametrize("name", [name for name in CASES if name not in ("array for a tensor", "device name")])
def test_pytorch_raises_the_same_class(name, monkeypatch):
    torch = pytest.importorskip("torch")
    run, kind, _, _ = CASES[name]
    scope = dict(run.__globals__) | {"mt": torch, "F": torch.nn.functional}
    with pytest.raises(kind):
        type(run)(run.__code__, scope)()


def test_a_second_backward_says_what_to_do():
    x = mt.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="^Trying to backward through the graph a second time") as caught:
        loss.backward()
    assert "retain_graph=True" in str(caught.value) and "'mul'" in str(caught.value)


def test_a_stale_graph_names_the_op_and_the_tensor():
    x = mt.ones(2, 3, requires_grad=True)
    y = x * 1
    loss = (y * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match="^one of the variables needed for gradient computation has been modified by an "
                                           "inplace operation") as caught:  # fmt: skip
        loss.backward()
    assert "[2, 3]" in str(caught.value) and "'mul'" in str(caught.value) and "version 1" in str(caught.value)


def test_a_backward_after_a_step_raises():
    model = nn.Linear(2, 2)
    out = nn.Linear(2, 1)(model(mt.ones(1, 2, requires_grad=True)))
    optimiser = mt.optim.SGD(model.parameters(), lr=0.1)
    loss = (out * model.weight.sum()).sum()
    loss.backward(retain_graph=True)
    optimiser.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_module_path_is_on_the_error():
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(64, 3)))
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied") as caught:
        model(mt.ones(2, 4))
    assert caught.value.__notes__ == ["in module 1.1 (Linear 64 -> 3)"]
    assert "expects 64 features" in str(caught.value)


def test_devices_are_named(device_backend):
    with pytest.raises(RuntimeError, match="^Expected all tensors to be on the same device, but found at least two devices, "
                                           "c.* and c") as caught:  # fmt: skip
        mt.ones(2) + mt.ones(2).to("cuda")
    assert "cuda" in str(caught.value) and "'add'" in str(caught.value) and "(2,)" in str(caught.value)


def test_nothing_is_half_done():
    x = mt.ones(3)
    for write in (lambda: x.add_(mt.ones(2, 3)), lambda: x.mul_(1j), lambda: x.__setitem__(slice(0, 2), mt.ones(3))):
        with pytest.raises(RuntimeError):
            write()
        assert x.tolist() == [1, 1, 1] and x._cell[0] == 0
    leaf = mt.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError):
        (leaf * 2).backward(mt.ones(3))
    assert leaf.grad is None
