"""Tables as layers beside PyTorch's: what is drawn, looked up, padded, held short, and given from outside."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

TABLES = {
    "plain": lambda nn: nn.Embedding(6, 3),
    "padding": lambda nn: nn.Embedding(6, 3, padding_idx=-2),
    "first row padding": lambda nn: nn.Embedding(6, 3, 0),
    "by frequency": lambda nn: nn.Embedding(6, 3, padding_idx=1, scale_grad_by_freq=True),
    "held": lambda nn: nn.Embedding(6, 3, max_norm=0.75, norm_type=1.0),
    "sum": lambda nn: nn.EmbeddingBag(6, 3, mode="sum"),
    "mean": lambda nn: nn.EmbeddingBag(6, 3, padding_idx=2),
    "max": lambda nn: nn.EmbeddingBag(6, 3, mode="max", padding_idx=0),
    "bag held": lambda nn: nn.EmbeddingBag(6, 3, max_norm=1.0),
}
NUMBERS = np.array([[1, 4, 1, 0], [2, 2, 5, 4], [0, 3, 0, 0], [0, 0, 0, 0]])


def looked_up(lib, build, numbers):
    """The table, what is looked up in it twice, and its gradient."""
    lib.manual_seed(0)
    layer = build(lib.nn)
    drawn = layer.weight.detach().clone()
    out = layer(lib.tensor(numbers))
    again = (out + layer(lib.tensor(numbers)).tanh()).exp().sum()
    again.backward()
    return [repr(layer), drawn, out, layer.weight.grad, layer.weight, layer.weight._version]


@pytest.mark.referee
@pytest.mark.parametrize("kind", ["int64", "int32"])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_pytorchs(name, kind):
    compare(looked_up, TABLES[name], NUMBERS.astype(kind), tolerance=1e-5)


def test_a_bag_divides_gradients_by_frequency():
    """PyTorch divides by the frequency of another row."""
    layer = mt.nn.EmbeddingBag(6, 3, scale_grad_by_freq=True, mode="sum")
    layer(mt.tensor(NUMBERS)).sum().backward()
    assert layer.weight.grad[:, 0].tolist() == pytest.approx([1] * 6)


def bags(lib, mode, last, weighted):
    """Bags of different sizes, an empty one among them."""
    lib.manual_seed(0)
    layer = lib.nn.EmbeddingBag(6, 3, mode=mode, include_last_offset=last, dtype=lib.float64)
    factors = lib.linspace(0.5, 2, 7, dtype=lib.float64).requires_grad_() if weighted else None
    out = layer(lib.tensor([1, 4, 1, 0, 5, 2, 2]), lib.tensor([0, 3, 3, 4, *[7] * last]), factors)
    out.pow(2).sum().backward()
    return [out, layer.weight.grad, factors.grad if weighted else 0]


@pytest.mark.referee
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("mode", ["sum", "mean", "max", "weighted"])
def test_bags_of_different_sizes(mode, last):
    compare(bags, "sum" if mode == "weighted" else mode, last, mode == "weighted", tolerance=1e-12)


def given(lib):
    """Tables from outside, and calls that are refused."""
    nn, table = lib.nn, lib.arange(12.0).reshape(4, 3)
    frozen, free = nn.Embedding.from_pretrained(table), nn.EmbeddingBag.from_pretrained(table, freeze=False, mode="sum")
    frozen.weight.data[0, 0] = 5
    return {
        "texts": [repr(frozen), repr(free), repr(nn.Embedding(4, 3, 1, 2.0, 1.0, True, True)),
                  repr(nn.EmbeddingBag(4, 3, 2.0, 1.0, True, padding_idx=-1))],
        "frozen": [frozen.weight.requires_grad, free.weight.requires_grad, table[0, 0].item()],
        "constants": [nn.Embedding.__constants__, nn.EmbeddingBag.__constants__],
        "refused": [outcome(nn.Embedding, 4, 3, padding_idx=4), outcome(nn.Embedding, 4, 3, padding_idx=-5),
                    outcome(nn.EmbeddingBag, 4, 3, padding_idx=7), outcome(nn.Embedding, 4, 3, _weight=lib.ones(3, 3)),
                    outcome(nn.Embedding.from_pretrained, lib.ones(3)), outcome(free, lib.ones(3).long()),
                    outcome(nn.EmbeddingBag(4, 3, mode="min"), lib.ones(2, 2).long())],
        "looked up": [frozen(lib.tensor([[3]])), free(lib.tensor([[0, 3]]))],
    }  # fmt: skip


@pytest.mark.referee
def test_tables_from_outside():
    compare(given)


def clusters(lib, target):
    """The softmax by clusters: its parts, its loss, and what it says of all classes."""
    lib.manual_seed(0)
    layer = lib.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0, head_bias=True)
    x = lib.randn(6, 8, requires_grad=True)
    out = layer(x, lib.tensor(target))
    out.loss.backward()
    return [repr(layer), list(layer.state_dict()), out.output, out.loss, x.grad, [p.grad for p in layer.parameters() if p.grad is not None],
            layer.log_prob(x), layer.predict(x), layer.predict(x[:1]),
            outcome(layer, x, lib.tensor([0, 1, 2, 3, 4, 20])), outcome(layer, x, lib.tensor([1])),
            outcome(lib.nn.AdaptiveLogSoftmaxWithLoss, 8, 20, [10, 4]), outcome(lib.nn.AdaptiveLogSoftmaxWithLoss, 8, 20, [])]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("target", [[0, 3, 5, 9, 10, 19], [0, 1, 2, 3, 1, 1], [5, 5, 5, 6, 7, 8]])
def test_clusters_of_classes(target):
    compare(clusters, target, tolerance=1e-5)
