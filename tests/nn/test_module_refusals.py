"""What a layer of PyTorch's module database refuses, ours refuses: the class is PyTorch's, the first words are its words
where the database asks for them, and a note says which layer it was.

Beside the database's own bad calls each good one is spoilt in one way: a dimension more or fewer, a size off by one,
another dtype. https://github.com/pytorch/pytorch/blob/main/torch/testing/_internal/common_modules.py
"""

import re
import warnings

import pytest

import minitorch as mt
from tests.translated import ours

try:
    import torch
    from torch.testing._internal.common_modules import FunctionInput, ModuleErrorEnum, module_db
except ImportError:  # also expecttest, which PyTorch's tests need
    module_db = []

pytestmark = pytest.mark.referee

#: Why -> the layers that answer otherwise.
OTHERWISE = {
    "to size one PyTorch takes a plain mean, which takes complex numbers and more dimensions": (
        "nn.AdaptiveAvgPool1d", "nn.AdaptiveAvgPool2d"),
    "a complex target is refused: PyTorch gives a complex loss, which has no gradient": ("nn.BCEWithLogitsLoss",),
}  # fmt: skip


def layer_of(info):
    layer = getattr(mt.nn, info.name.rpartition(".")[2], None)
    if layer is None:
        pytest.skip(f"there is no {info.name}")
    return layer


def outcome(call, given):
    """(result, None) or (None, error) of a call with a database's arguments."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(*given.args, **given.kwargs), None
    except Exception as error:
        return None, error


@pytest.mark.filterwarnings("ignore:Possible nested set")  # one of its patterns
@pytest.mark.parametrize("info", [info for info in module_db if info.module_error_inputs_func], ids=lambda info: info.name)
def test_the_databases_bad_calls(info):
    layer = layer_of(info)
    torch.manual_seed(0)
    for sample in info.module_error_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=True):
        given, forward = sample.module_error_input.constructor_input, sample.module_error_input.forward_input
        said = f"{info.name}{given.args} {given.kwargs}"
        made, error = outcome(layer, in_ours(given))
        if sample.error_on == ModuleErrorEnum.FORWARD_ERROR:
            assert error is None, said
            made = made if "weight" in given.kwargs else made.double()  # whose dtype may be what is wrong
            _, error = outcome(made, in_ours(forward))
            assert error is None or any(note.startswith("in module") for note in error.__notes__), said
        assert isinstance(error, sample.error_type), f"{said}: {error!r}"
        assert re.search(sample.error_regex, str(error)), f"{said}: {error} for {sample.error_regex}"


def in_ours(given):
    """The same arguments in minitorch."""
    return FunctionInput(*ours(tuple(given.args), {}), **ours(dict(given.kwargs), {}))


def spoilt(tensor):
    """(how, a bad tensor in place of this one)."""
    yield "a dimension more", tensor[None].expand(2, *tensor.shape).clone()
    if tensor.dim():
        yield "a dimension fewer", tensor.select(0, 0).clone() if tensor.shape[0] else tensor.sum(0)
    for dim, size in enumerate(tensor.shape):
        yield f"one more along {dim}", torch.cat((tensor, tensor.narrow(dim, 0, 1)), dim) if size else tensor
    for dtype in (torch.float32, torch.int64, torch.complex128, torch.bool):
        if dtype != tensor.dtype:
            yield f"of {dtype}", tensor.to(dtype)


@pytest.mark.parametrize("info", module_db, ids=lambda info: info.name)
def test_spoilt_calls(info):
    layer = layer_of(info)
    torch.manual_seed(0)
    wrong = []
    samples = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=True)
    for sample in samples[:4]:
        given, forward = sample.constructor_input, sample.forward_input
        if forward is None:
            continue
        made, theirs = outcome(layer, in_ours(given))[0].double(), outcome(info.module_cls, given)[0].double()
        for place, value in enumerate(forward.args):
            if not isinstance(value, torch.Tensor):
                continue
            for how, bad in spoilt(value):
                spoilt_input = FunctionInput(*forward.args[:place], bad, *forward.args[place + 1 :], **forward.kwargs)
                expected, reason = outcome(theirs, spoilt_input)
                found, error = outcome(made, in_ours(spoilt_input))
                said = f"{given.args} {given.kwargs}, argument {place} {list(value.shape)} {how}"
                if (error is None) != (reason is None):
                    wrong.append(f"{said}: {error!r:.150} for {reason!r:.150}")
                elif error is not None and not isinstance(error, type(reason)):
                    wrong.append(f"{said}: {type(error).__name__} for {type(reason).__name__}: {error!s:.80} | {reason!s:.80}")
                elif error is None and isinstance(expected, torch.Tensor) and tuple(found.shape) != tuple(expected.shape):
                    wrong.append(f"{said}: {tuple(found.shape)} for {tuple(expected.shape)}")
    reasons = [why for why, names in OTHERWISE.items() if info.name in names]
    assert reasons or not wrong, f"{info.name}\n" + "\n".join(dict.fromkeys(wrong))
