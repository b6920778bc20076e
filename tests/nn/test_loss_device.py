"""A step with tables in front and each loss behind never waits for the device, and learns what the host learns."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim
from minitorch.testing.standin import waits

F = nn.functional


class Tables(nn.Module):
    """All kinds of tables, summed, and a linear layer: (N, T) numbers -> (N, T, 20)."""

    def __init__(self):
        super().__init__()
        self.padded, self.held = nn.Embedding(20, 8, padding_idx=0), nn.Embedding(20, 8, max_norm=1.0)
        self.mean, self.sum = nn.EmbeddingBag(20, 8, padding_idx=1), nn.EmbeddingBag(20, 8, mode="sum", scale_grad_by_freq=True)
        self.out = nn.Linear(8, 20)

    def forward(self, t):
        return self.out(self.padded(t) + self.held(t) + self.mean(t).unsqueeze(1) + self.sum(t).unsqueeze(1))


def halved(name, **options):
    return lambda o, t: getattr(F, name)(o, o.detach() * 0.5, **options)


def signed(name, **options):
    return lambda o, t: getattr(F, name)(o, (o.detach() > 0).float(), **options)


LOSSES = {
    "classes": lambda o, t: F.cross_entropy(o.reshape(-1, 20), t.reshape(-1), ignore_index=0),
    "smoothed": lambda o, t: F.cross_entropy(o.transpose(1, 2), t, label_smoothing=0.1),
    "weighted": lambda o, t: F.cross_entropy(o.reshape(-1, 20), t.reshape(-1), weight=mt.ones(20, device=o.device)),
    "nll": lambda o, t: F.nll_loss(o.log_softmax(-1).reshape(-1, 20), t.reshape(-1), ignore_index=3),
    "mse": halved("mse_loss"), "l1": halved("l1_loss"), "smooth l1": halved("smooth_l1_loss", beta=0.3), "huber": halved("huber_loss"),
    "logits": signed("binary_cross_entropy_with_logits"), "labels": signed("multilabel_soft_margin_loss"),
    "probabilities": lambda o, t: F.binary_cross_entropy(o.sigmoid(), (o.detach() > 0).float()),
    "kl": lambda o, t: F.kl_div(o.log_softmax(-1), o.detach().softmax(-1) * 0.5, reduction="batchmean"),
    "multi": lambda o, t: F.multi_margin_loss(o.reshape(-1, 20), t.reshape(-1)),
    "multilabel": lambda o, t: F.multilabel_margin_loss(o[:, 0], mt.arange(20, device=o.device).expand(6, 20) - 1),
    "triplet": lambda o, t: F.triplet_margin_loss(o[:, 0], o[:, 1], o[:, 2], swap=True),
    "cosine": lambda o, t: F.cosine_embedding_loss(o[:, 0], o[:, 1], mt.ones(6, device=o.device)),
    "gumbel": lambda o, t: F.gumbel_softmax(o, hard=True).pow(2).mean() + F.cosine_similarity(o[:, 0], o[:, 1]).mean(),
    "ctc": lambda o, t: F.ctc_loss(o.log_softmax(-1).transpose(0, 1), t[:, :2] % 19 + 1, [5] * 6, [2] * 6, zero_infinity=True),
}  # fmt: skip


def trained(loss, device):
    mt.manual_seed(0)
    model = Tables().to(device)
    numbers = mt.tensor(np.random.default_rng(0).integers(0, 20, (6, 5)), device=device)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    mt.manual_seed(1)
    with waits() as seen:
        for _ in range(2):
            optimizer.zero_grad()
            loss(model(numbers), numbers).backward()
            optimizer.step()
    return model, seen


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_step_never_waits_and_learns_the_same(loss, device_backend):
    model, seen = trained(loss, "cuda")
    assert seen == []
    for (name, ours), theirs in zip(model.named_parameters(), trained(loss, "cpu")[0].parameters(), strict=True):
        np.testing.assert_allclose(ours.numpy_copy(), theirs.numpy_copy(), rtol=1e-4, atol=1e-6, err_msg=name)
