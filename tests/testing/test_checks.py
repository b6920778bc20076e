"""check: functions, ops, Functions, modules and models proved in one call that changes nothing."""

import time

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.ops import TABLE
from minitorch.testing import GradientError, check
from tests.testing.faulty import F64, op, square, vector

over = pytest.mark.parametrize
x, y = vector(0.5, 2.0, -1.0), vector(1.5, -1.0, 0.25)


class Two(nn.Module):
    """Takes a dict, gives a nest; has a frozen parameter, a buffer and a shared weight."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.frozen = nn.Parameter(mt.ones(3), requires_grad=False)
        self.register_buffer("calls", mt.zeros(()))

    def forward(self, batch, scale=1):
        self.calls += 1
        hidden = self.first(batch["x"]).tanh() * self.frozen * scale
        return {"out": self.second(hidden), "parts": [hidden, batch["label"]]}


SUBJECTS = {
    "a function": (lambda a, b: a * b.exp(), (x, y), {"a", "b"}),
    "a public function": (mt.matmul, (mt.randn(2, 3), mt.randn(3, 2)), {"input", "other"}),
    "an op of the table": (TABLE["mul"], (x, y), {"x", "y"}),
    "an op": (op(lambda xp, x: x * x, x=lambda g, x: g * 2 * x), x, {"x"}),
    "a Function": (square(lambda ctx, g: g * 2 * ctx.saved_tensors[0]).__self__, x, {"x"}),
    "linear": (nn.Linear(3, 2), mt.randn(4, 3), {"weight", "bias", "input"}),
    "token numbers": (nn.Embedding(5, 3), mt.tensor([1, 2, 2]), {"weight"}),
    "keywords and nests": (Two(), {"batch": {"x": mt.randn(2, 3), "label": mt.tensor([1, 2])}, "scale": 3},
                           {"first.weight", "first.bias", "second.bias", "batch['x']"}),
    "batch norm and dropout": (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2)), mt.randn(5, 3),
                               {"0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias", "input"}),
    "in eval": (nn.BatchNorm2d(2).eval(), mt.randn(2, 2, 3, 3), {"weight", "bias", "input"}),
    "recurrent": (nn.GRU(2, 3), mt.randn(3, 2, 2), {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "input"}),
    "attention": (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), mt.randn(2, 3, 4), None),
    "an input that asks alone": (nn.Linear(3, 2), mt.randn(4, 3).requires_grad_(), {"weight", "bias", "input"}),
    "float64": (nn.Linear(3, 2).double(), mt.randn(4, 3, dtype=F64), {"weight", "bias", "input"}),
    "sparse gradients": (nn.Embedding(5, 3, sparse=True), mt.tensor([1, 2, 2]), {"weight"}),
    "draws of its own": (nn.RReLU(), mt.randn(6), {"input"}),
    "spectral norm": (nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)).eval(), mt.randn(4, 3), None),
}  # fmt: skip


def everything(subject, inputs):
    """All there is of a subject that could change."""
    found = [mt.get_rng_state().numpy().tobytes(), mt.get_default_dtype(), mt.is_grad_enabled()]
    if isinstance(subject, nn.Module):
        found += [m.training for m in subject.modules()]
        found += [(name, id(t), t.requires_grad, t.grad, t.dtype, t.detach().numpy().tobytes()) for name, t in
                  [*subject.named_parameters(), *subject.named_buffers()]]  # fmt: skip
    tensors = [t for t in (inputs if isinstance(inputs, tuple) else (inputs,)) if isinstance(t, mt.Tensor)]
    return found + [(t.grad, t.requires_grad, t.detach().numpy().tobytes()) for t in tensors]


@over("name", SUBJECTS)
def test_right_subjects_pass_by_name_and_nothing_is_changed(name):
    subject, inputs, names = SUBJECTS[name]
    before = everything(subject, inputs)
    report = check(subject, inputs)
    assert report, str(report)
    assert everything(subject, inputs) == before
    lines = {line.what: line.outcome for line in report.lines}
    found = {what.removeprefix("gradient by ") for what in lines if what.startswith("gradient by ")}
    assert names is None or found == names
    assert set(lines.values()) == {"passed"} and len(lines) == len(found) + 6 + ("forward mode against reverse" in lines)
    assert all(line.what in str(report) for line in report.lines)


def test_higher_orders_on_request():
    wrong = square(lambda ctx, g: g * 2 * ctx.saved_tensors[0].detach())
    assert check(wrong, x)
    report = check(wrong, x, order=2)
    assert not report and {line.what: line.outcome for line in report.lines}["order 2"] == "failed"
    assert check(nn.LSTM(2, 2), mt.randn(2, 1, 2), order=2)
    with pytest.raises(ValueError, match="order must be at least 1"):
        check(wrong, x, order=0)


class Wrong(nn.Module):
    """A linear layer whose weight has a gradient 5 % too large."""

    def __init__(self, width=3):
        super().__init__()
        self.inner = nn.Linear(width, width)

    def forward(self, a):
        off = Louder.apply(self.inner.weight)
        return nn.functional.linear(a, off, self.inner.bias)


class Louder(mt.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        return weight * 1

    @staticmethod
    def backward(ctx, g):
        return g * 1.05


@over("mode", ["auto", "full", "directional", "sampled"])
@over("wide", [3, 40])
def test_a_wrong_parameter_is_named(wide, mode):
    if (wide, mode) == (40, "full"):
        return
    model = nn.Sequential(nn.Linear(wide, wide), nn.Tanh(), Wrong(wide))
    report = check(model, mt.randn(2, wide), mode=mode)
    outcomes = {line.what: line.outcome for line in report.lines}
    # what lies below the op is wrong too only where its gradient flows through it
    assert [what for what, outcome in outcomes.items() if outcome == "failed"] == ["gradient by 2.inner.weight"]
    suspect = next(f.suspect for f in report.findings if f.suspect)
    assert "'Louder' by its input 'weight'" in suspect and "in 2 (Wrong)" in suspect
    with pytest.raises(GradientError, match=r"check failed: Sequential"):
        check(model, mt.randn(2, wide), mode=mode, raise_exception=True)


def test_a_large_model_takes_seconds():
    mt.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                          nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 100), nn.GELU(), nn.Linear(100, 10))  # fmt: skip
    start = time.process_time()
    assert check(model, mt.randn(4, 3, 16, 16))
    assert time.process_time() - start < 10


def test_a_function_that_changes_its_module_or_input_is_told():
    class Counts(nn.Linear):
        def forward(self, a):
            with mt.no_grad():
                kept.weight.add_(1.0)
            return super().forward(a)

    kept = nn.Linear(1, 1)
    outer = Counts(3, 2)
    assert check(outer, mt.randn(2, 3))  # what is no part of the module is its own affair
    given = mt.randn(2, 3)

    def writes(a):
        given.add_(1)
        return a * 2

    report = check(writes, given)
    assert {line.what: line.outcome for line in report.lines}["nothing was changed"] == "failed"


def test_no_results_and_no_inputs_are_refused():
    with pytest.raises(TypeError, match="returns no tensor"):
        check(lambda a: a.argmax(), x)
    with pytest.raises(TypeError, match="nothing to differentiate"):
        check(lambda n: n, 3)
    with pytest.raises(ValueError, match="mode must be one of"):
        check(mt.exp, x, mode="some")


def test_unused_parameters_and_results_without_gradient_are_fine():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, a):
            return self.used(a), a.detach().sum(), np.float64(3)

    report = check(Idle(), mt.randn(2, 3))
    assert report and "1 floating result that requires no grad left out" in str(report)


def test_a_wrong_forward_mode_is_told():
    class Doubled(mt.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a.sin()

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0].cos()

        @staticmethod
        def jvp(ctx, t):
            return 2 * t

    report = check(Doubled, x)
    outcomes = {line.what: line.outcome for line in report.lines}
    assert not report and outcomes["forward mode against reverse"] == "failed" and outcomes["gradient by a"] == "passed"
    assert check(mt.exp, x).lines[5].what == "forward mode against reverse"


def test_a_padding_row_has_no_gradient_and_a_table_that_is_tied_has_one():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.out = nn.Embedding(5, 3, padding_idx=1), nn.Linear(3, 5, bias=False)
            self.out.weight = self.table.weight

        def forward(self, numbers):
            return self.out(self.table(input=numbers).tanh())

    model = Tied()
    assert check(model, mt.tensor([[0, 1], [1, 4]])) and not model.table._forward_hooks
    assert check(model.table, mt.tensor([0, 1, 1]))


def test_a_report_of_many_lines_that_failed_fits_one_screen():
    class Detached(nn.Sequential):
        def forward(self, a):
            return super().forward(a).detach() + super().forward(a)

    report = check(Detached(*[nn.Linear(2, 2) for _ in range(12)]), mt.randn(3, 2))
    lines = str(report).splitlines()
    assert not report and len(report.lines) > 24 and len(lines) <= 28
    assert any("failed" in line and "passed: report.lines" in line for line in lines)


def test_a_part_that_is_checkpointed_is_named_as_the_trouble():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def forward(self, a):
            return mt.utils.checkpoint.checkpoint(self.inner, a, use_reentrant=False)

    for model, dtype in ((Again(), mt.float32), (Again().double(), mt.float64)):
        report = check(model, mt.randn(2, 3, dtype=dtype))
        assert not report and "without checkpoints" in " ".join(str(report).split())
