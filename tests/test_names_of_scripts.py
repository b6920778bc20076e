"""Names that training scripts touch without needing what is behind them: they answer, and change nothing."""

import importlib
import warnings

import pytest

import minitorch as mt
from minitorch import nn

NO_GPU = not mt.cuda.is_available()
FLAGS = [
    "cudnn.enabled", "cudnn.benchmark", "cudnn.benchmark_limit", "cudnn.deterministic", "cudnn.allow_tf32", "cudnn.fp32_precision",
    "mkldnn.enabled", "mkldnn.deterministic", "mkldnn.allow_tf32", "mkldnn.fp32_precision", "fp32_precision",
    "cuda.matmul.allow_tf32", "cuda.matmul.fp32_precision", "cuda.matmul.allow_fp16_reduced_precision_reduction",
    "cuda.matmul.allow_bf16_reduced_precision_reduction", "cuda.matmul.allow_fp16_accumulation",
    "opt_einsum.strategy", "mkl.VERBOSE_OFF", "mkl.VERBOSE_ON", "mkldnn.VERBOSE_ON_CREATION",
]  # fmt: skip
CALLS = [
    "backends.mps.is_available", "backends.mps.is_built", "backends.cudnn.version", "backends.cuda.flash_sdp_enabled",
    "backends.cuda.math_sdp_enabled", "backends.cuda.mem_efficient_sdp_enabled", "backends.cuda.cudnn_sdp_enabled",
    "jit.is_scripting", "jit.is_tracing", "compiler.is_compiling", "compiler.is_dynamo_compiling", "compiler.is_exporting",
    "compiler.reset", "distributed.is_initialized",
]  # fmt: skip
CALLS_WITHOUT_A_GPU = ["accelerator.is_available", "accelerator.device_count", "accelerator.current_accelerator",
                       "backends.cuda.is_built", "backends.cudnn.is_available"]  # fmt: skip


def dug(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


@pytest.mark.referee
@pytest.mark.parametrize("flag", FLAGS)
def test_switches_start_as_in_pytorch_and_keep_what_they_are_told(flag):
    torch = pytest.importorskip("torch")
    assert dug(mt.backends, flag) == dug(torch.backends, flag)
    place, _, name = f"backends.{flag}".rpartition(".")
    module, before = dug(mt, place), dug(mt.backends, flag)
    try:
        setattr(module, name, "told")
        assert dug(mt.backends, flag) == "told"
    finally:
        setattr(module, name, before)


@pytest.mark.referee
@pytest.mark.parametrize("path", CALLS + CALLS_WITHOUT_A_GPU * NO_GPU)
def test_questions_are_answered_as_in_pytorch_on_a_plain_machine(path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("PyTorch has a device here")
    assert dug(mt, path)() == dug(torch, path)()


@pytest.mark.parametrize(
    "name",
    ["accelerator", "amp", "backends", "backends.cudnn", "backends.cuda", "backends.mps", "compiler", "cuda.amp", "distributed",
     "jit", "nn.parallel", "overrides", "version"],
)  # fmt: skip
def test_each_can_be_imported_and_lists_what_it_has(name):
    module = importlib.import_module(f"minitorch.{name}")
    assert module is dug(mt, name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)


def test_flags_are_put_back_after_their_block():
    cudnn = mt.backends.cudnn
    with cudnn.flags(enabled=False, benchmark=True):
        assert not cudnn.enabled and cudnn.benchmark
    assert cudnn.enabled and not cudnn.benchmark
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        cudnn.flags(speed=1).__enter__()
    with mt.backends.cuda.sdp_kernel(enable_flash=False):
        assert not mt.backends.cuda.flash_sdp_enabled()
    assert mt.backends.cuda.flash_sdp_enabled()
    mt.backends.cuda.enable_math_sdp(False)
    assert not mt.backends.cuda.math_sdp_enabled()
    mt.backends.cuda.enable_math_sdp(True)


def test_marks_leave_functions_as_they_are():
    def f(x):
        return x

    jit, compiler = mt.jit, mt.compiler
    assert jit.ignore(f) is jit.ignore()(f) is jit.ignore(drop=True)(f) is jit.unused(f) is jit.export(f) is f
    assert jit.script_if_tracing(f) is jit.interface(f) is compiler.disable(f) is compiler.disable(recursive=False)(f) is f
    assert compiler.allow_in_graph(f) is compiler.assume_constant_result(f) is compiler.compile(f) is f
    assert jit.annotate(int, 3) == 3 and jit.isinstance([1], list) and jit.Attribute(1, int).value == 1
    assert not isinstance(nn.Linear(2, 2), jit.ScriptModule)
    with compiler.set_stance("force_eager"):
        assert compiler.list_backends() == []


@pytest.mark.parametrize(
    ("module", "name", "why"),
    [("jit", "script", "no script compiler"), ("jit", "trace", "no script compiler"), ("jit", "load", "no script compiler"),
     ("distributed", "init_process_group", "one process"), ("distributed", "all_reduce", "one process"),
     ("overrides", "TorchFunctionMode", "this library alone"), ("", "hub", "no index of models"), ("", "onnx", "no export")],
)  # fmt: skip
def test_what_is_absent_says_why(module, name, why):
    home = dug(mt, module) if module else mt
    with pytest.raises(AttributeError, match=f"{name}.*{why}"):
        getattr(home, name)
    assert not hasattr(home, name)


def test_nothing_takes_over_what_functions_do():
    x = mt.ones(2)
    assert not mt.overrides.has_torch_function((x,)) and not mt.overrides.has_torch_function_variadic(x, x)
    assert not mt.overrides.has_torch_function_unary(x)
    assert mt.overrides.is_tensor_like(x) and not mt.overrides.is_tensor_like([1.0])
    assert mt.overrides.is_tensor_method_or_property(mt.Tensor.reshape)
    with pytest.raises(TypeError, match="no implementation found for"):
        mt.overrides.handle_torch_function(test_nothing_takes_over_what_functions_do, (x,))


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU")
def test_without_a_device_the_accelerator_is_refused():
    assert mt.accelerator.current_accelerator() is None
    for use in (mt.accelerator.synchronize, mt.accelerator.current_device_index, lambda: mt.accelerator.set_device_index(0)):
        with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is available"):
            use()


def test_with_a_device_the_accelerator_is_cuda(device_backend):
    assert mt.accelerator.is_available() and str(mt.accelerator.current_accelerator()) == "cuda"
    assert mt.accelerator.device_count() == mt.cuda.device_count()
    with mt.accelerator.device_index(None):
        assert mt.accelerator.current_device_index() == mt.cuda.current_device()
    mt.accelerator.synchronize()


# ---- amp -----------------------------------------------------------------------------------------------------------
def said(call):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call()
    return [(w.category, str(w.message), w.filename == __file__) for w in seen]


@pytest.mark.referee
@pytest.mark.skipif(not NO_GPU, reason="there is a GPU")
@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.autocast("cuda"),
        lambda lib: lib.autocast("cuda", enabled=False),
        lambda lib: lib.autocast("cpu", enabled=False),
        lambda lib: lib.amp.autocast("cpu", dtype=lib.float32),
        lambda lib: lib.amp.autocast(device_type="cuda", dtype=lib.float16),
        lambda lib: lib.amp.GradScaler("cuda"),
        lambda lib: lib.amp.GradScaler("cuda", enabled=False),
        lambda lib: lib.amp.GradScaler("cpu"),
        lambda lib: lib.cuda.amp.GradScaler(),
        lambda lib: lib.cuda.amp.GradScaler(enabled=False),
        lambda lib: lib.cuda.amp.autocast(enabled=False),
        lambda lib: lib.cuda.amp.autocast(),
    ],
)
def test_amp_warns_as_pytorch_does(call):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("PyTorch has a device here")
    ours = said(lambda: call(mt))
    assert [warning[:2] for warning in ours] == [warning[:2] for warning in said(lambda: call(torch))]
    assert all(here for *_, here in ours)


def test_a_region_that_asks_for_half_precision_says_that_it_changes_nothing():
    model = nn.Linear(3, 2)
    with pytest.warns(UserWarning, match="no autocast to .*bfloat16"):
        region = mt.autocast("cpu", dtype=mt.bfloat16)
    with region:
        assert model(mt.ones(3)).dtype is mt.float32 and not mt.is_autocast_enabled("cpu")

    @mt.autocast("cpu", enabled=False)
    def forward(x, *, scale=1):
        """Docs."""
        return model(x) * scale

    assert forward(mt.ones(3), scale=2).dtype is mt.float32 and forward.__doc__ == "Docs."
    assert mt.get_autocast_dtype("cpu") is mt.bfloat16 and mt.get_autocast_dtype("cuda") is mt.float16
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`, got: `<class 'int'>`"):
        mt.autocast(3)
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda"):
        mt.autocast("abacus")


def test_marks_of_functions_for_amp_leave_them_as_they_are():
    class Double(mt.autograd.Function):
        @staticmethod
        @mt.amp.custom_fwd(device_type="cuda", cast_inputs=mt.float16)
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @mt.amp.custom_bwd(device_type="cuda")
        def backward(ctx, g):
            return g * 2

    x = mt.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]

    def f(ctx):
        return ctx

    assert mt.cuda.amp.custom_fwd(f) is f and mt.cuda.amp.custom_bwd(f) is f and mt.cuda.amp.custom_fwd(cast_inputs=None)(f) is f


def scaled_training(lib):
    """Losses, scales and parameters over steps, one of which overflows."""
    weight = lib.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=0.1)
    scaler = lib.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    seen = []
    for step in range(6):
        optimizer.zero_grad()
        loss = (lib.tensor([[1.0, step]]) @ weight).pow(2).mean()
        if step == 3:
            loss = loss * float("inf")
        scaler.scale(loss).backward()
        if step % 2:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        seen.append((weight.tolist(), scaler.get_scale(), scaler.state_dict()))
    scaler.update(8.0)
    seen.append((weight.tolist(), scaler.get_scale(), scaler.state_dict()))
    return seen


@pytest.mark.referee
def test_the_scaler_trains_as_pytorchs_does():
    torch = pytest.importorskip("torch")
    ours, theirs = scaled_training(mt), scaled_training(torch)
    for (weight, *rest), (their_weight, *their_rest) in zip(ours, theirs, strict=True):
        assert weight == [pytest.approx(row, rel=1e-6) for row in their_weight]
        assert rest == their_rest
    assert ours[2][0] == ours[3][0] and ours[3][1] < ours[2][1]  # the step that overflowed was skipped


MISUSES = {
    "unscaled twice": lambda lib, s, o: (s.unscale_(o), s.unscale_(o)),
    "unscaled after the step": lambda lib, s, o: (s.step(o), s.unscale_(o)),
    "stepped twice": lambda lib, s, o: (s.step(o), s.step(o)),
    "a closure": lambda lib, s, o: s.step(o, closure=lambda: 1),
    "nothing recorded": lambda lib, s, o: (o.zero_grad(), s.step(o)),
    "updated first": lambda lib, s, o: s.update(),
    "unscaled but never scaled": lambda lib, s, o: s.unscale_(o),
    "stepped but never scaled": lambda lib, s, o: s.step(o),
    "updated but never scaled": lambda lib, s, o: s.update(3.0),
    "an empty state": lambda lib, s, o: s.load_state_dict({}),
    "no tensor": lambda lib, s, o: s.scale(3),
}


@pytest.mark.referee
@pytest.mark.parametrize("misuse", MISUSES)
def test_the_scaler_refuses_what_pytorchs_does(misuse):
    torch = pytest.importorskip("torch")
    errors = []
    for lib in (mt, torch):
        weight = lib.ones(2, requires_grad=True)
        optimizer, scaler = lib.optim.SGD([weight], lr=0.1), lib.amp.GradScaler("cpu")
        if "never scaled" not in misuse:
            scaler.scale(weight.sum()).backward()
        with pytest.raises((RuntimeError, AssertionError, ValueError)) as caught:
            MISUSES[misuse](lib, scaler, optimizer)
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]


def test_a_scaler_that_is_off_leaves_everything_alone():
    weight = mt.ones(2, requires_grad=True)
    optimizer, scaler = mt.optim.SGD([weight], lr=1.0), mt.amp.GradScaler("cuda", enabled=False)
    loss = weight.sum()
    assert scaler.scale(loss) is loss and scaler.get_scale() == 1.0 and scaler.state_dict() == {} and not scaler.is_enabled()
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    scaler.load_state_dict({})
    assert weight.tolist() == [0, 0]


def test_a_scaler_continues_from_its_state():
    first, second = mt.amp.GradScaler("cpu", init_scale=4.0, growth_interval=7), mt.amp.GradScaler("cpu")
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == first.state_dict() and second.get_scale() == 4.0 and second.get_growth_interval() == 7
    assert [t.item() for t in first.scale((mt.tensor(1.0), mt.tensor(2.0)))] == [4, 8]


# ---- one device ----------------------------------------------------------------------------------------------------
def test_the_data_parallel_wrapper_calls_the_module_and_keeps_the_prefix():
    module = nn.Linear(3, 2)
    wrapped = nn.DataParallel(module, device_ids=[0])
    x = mt.ones(4, 3)
    assert wrapped(x).tolist() == module(x).tolist() == nn.parallel.data_parallel(module, x).tolist()
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"] and wrapped.module is module
    assert repr(wrapped).startswith("DataParallel(\n  (module): Linear(")
    assert not isinstance(wrapped, nn.parallel.DistributedDataParallel)
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        nn.parallel.DistributedDataParallel(module)
