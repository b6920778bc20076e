"""The table of layers: LeNet's and other known numbers, frozen, tied, shared and lazy layers, and what a call must not leave."""

import pytest

import minitorch as mt
from minitorch.layer_table import summary

nn = mt.nn


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def test_lenets_numbers():
    found = mt.summary(LeNet(), input_size=(1, 1, 28, 28))
    assert (found.total.parameters, found.total.trainable, found.total.mult_adds) == (61_706, 61_706, 416_520)
    rows = [(row.path, row.parameters, row.mult_adds) for row in found.rows if row.parameters]
    assert rows == [
        ("features.0", 156, 117_600), ("features.3", 2_416, 240_000), ("classifier.1", 48_120, 48_000),
        ("classifier.3", 10_164, 10_080), ("classifier.5", 850, 840),
    ]  # fmt: skip
    assert found["features.0"].output == ((1, 6, 28, 28),)
    assert found["features.0"].activation_bytes == 6 * 28 * 28 * 4
    assert found["classifier.0"].activation_bytes == 0  # a view of what came in
    assert found["features.0"].saved_bytes == 28 * 28 * 4  # its input; the weight is a parameter
    assert found["features.1"].saved_bytes == 6 * 28 * 28 * 4
    assert found["classifier.3"].saved_bytes == 0  # the result of the ReLU, which keeps it already
    assert (found.input_bytes, found.parameter_bytes, found.buffer_bytes) == (28 * 28 * 4, 61_706 * 4, 0)


def test_mult_adds_grow_with_the_batch_and_parameters_do_not():
    one, eight = (summary(LeNet(), mt.zeros(n, 1, 28, 28)).total for n in (1, 8))
    assert eight.mult_adds == 8 * one.mult_adds and eight.parameters == one.parameters


def test_the_text_is_a_table():
    text = str(summary(LeNet(), input_size=(1, 1, 28, 28), depth=1))
    assert text.splitlines() == [
        "Layer                      Output         Parameters  Mult-adds  Activations      Saved",
        "-" * 87,
        "LeNet                      [1, 10]                 -          -            -          -",
        "  features (Sequential)    [1, 16, 5, 5]       2,572    357,600    55.41 KiB  33.82 KiB",
        "  classifier (Sequential)  [1, 10]            59,134     58,920    1.633 KiB  2.359 KiB",
        "-" * 87,
        "total                                         61,706    416,520    57.04 KiB  36.18 KiB",
        "trainable 61,706",
        "input 3.062 KiB, parameters 241 KiB, buffers -",
    ]
    assert repr(summary(nn.ReLU(), mt.ones(2))) == str(summary(nn.ReLU(), mt.ones(2)))


LAYERS = [
    (lambda: nn.Linear(3, 5), (2, 4, 3), 2 * 4 * 3 * 5),
    (lambda: nn.Conv1d(4, 6, 3, groups=2), (2, 4, 7), 2 * 6 * 5 * 2 * 3),
    (lambda: nn.Conv3d(2, 3, 2, stride=2), (1, 2, 4, 4, 4), 3 * 8 * 2 * 8),
    (lambda: nn.ConvTranspose2d(2, 3, 2), (1, 2, 4, 4), 2 * 16 * 3 * 4),
    (lambda: nn.BatchNorm1d(3), (4, 3), 0),
]


@pytest.mark.parametrize(("make", "sizes", "expected"), LAYERS)
@pytest.mark.parametrize("frozen", [False, True])
def test_known_layers(make, sizes, expected, frozen):
    layer = make().requires_grad_(not frozen)
    total = summary(layer, input_size=sizes).total
    assert total.mult_adds == expected
    assert total.trainable == (0 if frozen else total.parameters)
    assert [p.requires_grad for p in layer.parameters()] == [not frozen] * len(list(layer.parameters()))
    if frozen:
        assert total.saved_bytes == 0


def test_products_outside_layers_belong_to_the_module_that_makes_them():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 4, bias=False)

        def forward(self, x):
            y = self.inner(x)
            return (y @ y.mT).softmax(-1) @ y

    found = summary(Attends(), input_size=(3, 4))
    assert found["inner"].mult_adds == 3 * 4 * 4
    assert found[""].mult_adds == 2 * 3 * 3 * 4

    class Plain(nn.Module):
        def forward(self, x, y):
            return {"product": x @ y, "other": 3}

    found = summary(Plain(), input_size=[(2, 3), (3, 4)])
    assert found.total.mult_adds == 2 * 3 * 4 and found[""].output == ((2, 4),)


def test_recurrent_and_attention_layers():
    if hasattr(nn, "LSTM"):
        found = summary(nn.LSTM(3, 5, proj_size=2), input_size=(7, 2, 3))
        assert found.total.mult_adds == 7 * 2 * (20 * 3 + 20 * 2 + 2 * 5)
    query, key, value = mt.zeros(2, 4, 3, requires_grad=True), mt.zeros(2, 5, 3), mt.zeros(2, 5, 6)

    class Attention(nn.Module):
        def forward(self, *args):
            return nn.functional.scaled_dot_product_attention(*args)

    assert summary(Attention(), query, key, value).total.mult_adds == 2 * 4 * 5 * (3 + 6)


def test_shared_and_tied_layers_count_their_parameters_once():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(2, 2))
    model[3].weight = shared.weight
    found = summary(model, input_size=(1, 2))
    assert found["0"].calls == 2 and found["0"].mult_adds == 8
    assert found.total.parameters == 4 + 2 + 2
    assert [row.path for row in found.rows] == ["", "0", "1", "3"]


def test_a_lazy_model_and_a_layer_that_is_not_called():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.LazyLinear(3), nn.Linear(9, 9)

        def forward(self, x):
            return self.used(x)

    found = summary(Model(), input_size=(2, 5))
    assert (found["used"].kind, found["used"].parameters) == ("Linear", 18)
    assert found["unused"].output is None and "not called" in str(found)


def test_a_lazy_normalisation_has_seen_nothing():
    model = nn.Sequential(nn.LazyBatchNorm1d())
    summary(model, mt.arange(6.0).reshape(2, 3))
    assert model[0].running_mean.tolist() == [0.0] * 3 and model[0].num_batches_tracked.item() == 0


def test_nothing_is_left_behind():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    mt.manual_seed(1)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    expected = mt.rand(1).item()
    mt.manual_seed(1)
    summary(model, input_size=(4, 2))
    assert mt.rand(1).item() == expected
    assert all(mt.equal(before[key], tensor) for key, tensor in model.state_dict().items())
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())
    with pytest.raises(RuntimeError):
        summary(model, mt.ones(1, 5))
    assert not model._forward_hooks


def test_refusals():
    with pytest.raises(TypeError, match="not both"):
        summary(nn.ReLU(), mt.ones(1), input_size=(1,))
    with pytest.raises(TypeError, match="input_size"):
        summary(nn.ReLU())
    with pytest.raises(KeyError):
        summary(nn.ReLU(), mt.ones(1))["nowhere"]
    assert summary(nn.Embedding(5, 2), input_size=(3,), dtype=mt.int64)[""].output == ((3, 2),)


def test_the_example_in_the_docstring():
    import doctest

    from minitorch import layer_table

    assert doctest.testmod(layer_table) == (0, 2)
