"""Parameter and Buffer: what they share with their tensor, what they are when copied."""

import copy
import pickle

import pytest

import minitorch as mt

nn = mt.nn


def test_parameters_share_memory_and_version_with_their_tensor():
    data = mt.zeros(2)
    parameter = nn.Parameter(data)
    data.add_(1)
    assert parameter.tolist() == [1.0, 1.0]
    assert parameter.is_leaf and parameter.requires_grad and isinstance(parameter, mt.Tensor)
    assert repr(parameter).startswith("Parameter containing:\ntensor(")
    with pytest.raises(TypeError, match="expects a Tensor, but got list"):
        nn.Parameter([1.0])
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(mt.tensor([1]))
    assert not nn.Parameter(mt.tensor([1]), requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)


def test_operations_on_parameters_give_plain_tensors():
    parameter = nn.Parameter(mt.ones(2))
    for result in (parameter + 1, parameter * parameter, parameter[0], parameter.detach(), parameter.data, -parameter):
        assert type(result) is mt.Tensor


@pytest.mark.parametrize("again", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))], ids=["deepcopy", "pickle"])
def test_copies_are_leaves_of_the_same_kind(again):
    parameter = nn.Parameter(mt.tensor([1.0, 2.0]), requires_grad=False)
    parameter.note = "kept"
    twin = again(parameter)
    assert type(twin) is nn.Parameter and not twin.requires_grad and twin.note == "kept"
    assert twin.tolist() == [1.0, 2.0] and twin.data_ptr() != parameter.data_ptr()
    trained = again(nn.Parameter(mt.ones(1)))
    (trained * 3).sum().backward()
    assert trained.grad.tolist() == [3.0]
    buffer = again(nn.Buffer(mt.ones(1), persistent=False))
    assert isinstance(buffer, nn.Buffer) and buffer.persistent is False


def test_a_buffer_is_a_tensor_that_a_module_keeps():
    buffer = nn.Buffer(mt.ones(2))
    assert buffer.persistent and not buffer.requires_grad
    assert repr(buffer) == repr(mt.ones(2))
    module = nn.Module()
    module.seen, module.scratch = buffer, nn.Buffer(mt.zeros(1), persistent=False)
    assert module.seen is buffer
    assert list(module.state_dict()) == ["seen"]
    assert [name for name, _ in module.named_buffers()] == ["seen", "scratch"]
    assert nn.Buffer().shape == (0,)
