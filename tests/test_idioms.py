"""Programs of tensor code as one finds them in tutorials, run on both libraries from the same seed.

Each is a function of the library that returns what it computed; numbers, dtypes, shapes and texts must agree.
"""

import math

import numpy as np
import pytest

from tests.twins import compare

pytestmark = pytest.mark.referee


# ---- indexing ------------------------------------------------------------------------------------------------------
def indexing_tricks(lib):
    x = lib.arange(60).reshape(3, 4, 5)
    rows, columns = lib.tensor([0, 2, 1]), lib.tensor([4, 0, 3])
    grid = lib.zeros(4, 6)
    grid[::2, 1::2] = 1
    grid[[0, 3], [5, 0]] = lib.tensor([7.0, 8.0])
    grid[grid == 0] = -1
    grid[..., -1] *= 2
    grid[1:3, None, 2:4] += lib.arange(2.0)
    board = lib.zeros(3, 3, dtype=lib.bool)
    board[lib.arange(3), lib.arange(3)] = True
    picked = x[lib.arange(3), :, columns]
    order = lib.tensor([[3.0, 1.0], [2.0, 9.0], [2.0, 1.0]])
    return [x[rows, 1], x[:, rows[:, None], columns], picked, x[x % 7 == 0], x[..., None, 0].shape, x[-1, 1:, ::2],
            grid, board, board.nonzero(), order[order[:, 1].argsort(stable=True)], x.flatten()[x.argmax()].item(),
            lib.where(x > 30, x, -1)[2], x.unsqueeze(1).expand(-1, 2, -1, -1)[:, 1].sum(), x[:, [True, False] * 2].shape,
            lib.cat([x[0], x[1]]).split([3, 5]), lib.stack(lib.unbind(x, 1)).shape, x.take_along_dim(x.argsort(-1), -1),
            lib.unique(lib.tensor([3, 1, 3, 2]), return_counts=True), [int(i) for i in x[0, 0]], x.tolist()[1][2]]  # fmt: skip


def images_into_patches(lib):
    """What einops writes as `b c (h p) (w q) -> b (h w) (c p q)`, and back; the same by unfold."""
    image = lib.arange(2 * 3 * 4 * 6, dtype=lib.float32).reshape(2, 3, 4, 6)
    p = 2
    patches = image.reshape(2, 3, 4 // p, p, 6 // p, p).permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)
    back = patches.view(2, 2, 3, 3, p, p).permute(0, 3, 1, 4, 2, 5).reshape(image.shape)
    windows = image.unfold(2, p, p).unfold(3, p, p)
    pooled = windows.amax(dim=(-1, -2))
    heads = image.movedim(1, -1).reshape(2, 24, 3).unflatten(-1, (3, 1)).transpose(1, 2)
    return [patches, lib.equal(back, image), windows.shape, windows.stride(), pooled, heads.shape, heads.is_contiguous(),
            lib.einsum("bchw,bdhw->bcd", image, image), image.mean((2, 3), keepdim=True), lib.rot90(image[0, 0])]  # fmt: skip


def masks_and_attention(lib):
    lib.manual_seed(0)
    F = lib.nn.functional
    lengths = lib.tensor([3, 5, 1])
    padding = lib.arange(5)[None] < lengths[:, None]
    causal = lib.ones(5, 5, dtype=lib.bool).tril()
    q, k, v = (lib.randn(3, 2, 5, 4, requires_grad=True) for _ in range(3))
    mask = causal & padding[:, None, None, :]
    scores = (q @ k.transpose(-2, -1) / math.sqrt(4)).masked_fill(~mask, float("-inf"))
    weights = F.softmax(scores, dim=-1)
    out = (weights @ v).transpose(1, 2).flatten(2)
    kept = out.masked_fill(~padding[..., None], 0.0)
    loss = (kept.sum(1) / lengths[:, None]).pow(2).mean()
    loss.backward()
    return [mask, weights, kept, loss, q.grad, k.grad, v.grad, padding.long().cumsum(1), (~padding).any(1),
            lib.full((3, 3), -math.inf).triu(1)]  # fmt: skip


def encodings_and_one_hot(lib):
    length, width = 7, 6
    position = lib.arange(length).unsqueeze(1)
    rate = lib.exp(lib.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = lib.zeros(length, width)
    table[:, 0::2] = lib.sin(position * rate)
    table[:, 1::2] = lib.cos(position * rate)
    labels = lib.tensor([2, 0, 1, 2])
    hot = lib.zeros(4, 3).scatter_(1, labels.unsqueeze(1), 1.0)
    eye = lib.eye(3)[labels]
    counts = lib.zeros(3).index_add_(0, labels, lib.ones(4))
    means = lib.zeros(3, 2).scatter_reduce(0, labels[:, None].expand(-1, 2), lib.arange(8.0).view(4, 2), "mean",
                                           include_self=False)  # fmt: skip
    confusion = lib.bincount(labels * 3 + lib.tensor([2, 1, 1, 0]), minlength=9).view(3, 3)
    angles = lib.outer(lib.arange(4.0), 1.0 / 100 ** (lib.arange(0, 4, 2) / 4))
    turns = lib.polar(lib.ones_like(angles), angles)
    pairs = lib.view_as_complex(lib.arange(16.0).view(4, 2, 2))
    return [table, hot, lib.equal(hot, eye), counts, means, confusion, confusion.diag().sum() / confusion.sum(),
            lib.view_as_real(pairs * turns).flatten(1), hot.argmax(1), repr(hot)]  # fmt: skip


# ---- small algorithms ----------------------------------------------------------------------------------------------
def distances_and_clusters(lib):
    lib.manual_seed(3)
    points = lib.cat([lib.randn(8, 2) + lib.tensor([4.0, 0.0]), lib.randn(8, 2) - lib.tensor([4.0, 1.0])])
    squared = (points[:, None] - points[None]).pow(2).sum(-1)
    gram = points @ points.T
    by_gram = (gram.diag()[:, None] + gram.diag() - 2 * gram).clamp_min(0)
    centres = points[lib.randperm(len(points))[:2]].clone()
    for _ in range(5):
        owner = lib.cdist(points, centres).argmin(dim=1)
        for which in range(2):
            if (owner == which).any():
                centres[which] = points[owner == which].mean(0)
    near = squared.fill_diagonal_(math.inf).topk(3, largest=False)
    return [lib.allclose(squared.fill_diagonal_(0), by_gram, atol=1e-3), centres, owner, near.values, near.indices,
            lib.pdist(points[:4]), lib.nn.functional.normalize(points)[:3]]  # fmt: skip


def components_and_fits(lib):
    lib.manual_seed(1)
    x = lib.randn(30, 4, dtype=lib.float64) @ lib.tensor([[3.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0.5, 0], [0, 0, 0, 0.1]],
                                                        dtype=lib.float64)  # fmt: skip
    centred = x - x.mean(0)
    _, values, axes = lib.linalg.svd(centred, full_matrices=False)
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    reduced = centred @ axes[:2].T
    covariance = centred.T @ centred / (len(x) - 1)
    energies = lib.linalg.eigvalsh(covariance).flip(0)
    target = x @ lib.tensor([1.0, -2.0, 0.5, 3.0], dtype=lib.float64) + 0.1 * lib.randn(30, dtype=lib.float64)
    design = lib.cat([x, lib.ones(30, 1, dtype=lib.float64)], dim=1)
    fitted = lib.linalg.lstsq(design, target[:, None]).solution
    ridge = lib.linalg.solve(design.T @ design + 0.1 * lib.eye(5, dtype=lib.float64), design.T @ target)
    return [values, axes, reduced, lib.allclose(energies, values**2 / 29), fitted, ridge, lib.cov(x.T), lib.corrcoef(x.T),
            (values.cumsum(0) / values.sum() < 0.9).sum().item(), lib.linalg.matrix_rank(centred).item()]  # fmt: skip


def running_means(lib):
    series = lib.tensor([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 3.0])
    sums = lib.cat([lib.zeros(1), series.cumsum(0)])
    smooth, level = [], series[0]
    for value in series:
        level = 0.9 * level + 0.1 * value
        smooth.append(level)
    momentum, mean, variance, seen = 0.1, lib.zeros(3), lib.ones(3), lib.tensor(0)
    lib.manual_seed(0)
    with lib.no_grad():
        for batch in lib.randn(4, 6, 3).unbind(0):
            mean.mul_(1 - momentum).add_(batch.mean(0), alpha=momentum)
            variance.lerp_(batch.var(0, unbiased=True), momentum)
            seen += 1
    returns = lib.zeros(8)
    for t in reversed(range(8)):
        returns[t] = series[t] + (0.9 * returns[t + 1] if t < 7 else 0)
    return [(sums[3:] - sums[:-3]) / 3, series.unfold(0, 3, 1).mean(-1), series.unfold(0, 3, 2).std(-1), lib.stack(smooth),
            mean, variance, seen, returns, lib.diff(series), series.cummax(0), lib.trapezoid(series, dx=0.5),
            f"{series.mean():.3f} +- {series.std():.3f}", lib.quantile(series, lib.tensor([0.25, 0.5]))]  # fmt: skip


def sampling_from_logits(lib):
    lib.manual_seed(5)
    logits = lib.randn(4, 10)
    heated = logits / 0.7
    kth = heated.topk(3).values[:, -1:]
    few = heated.masked_fill(heated < kth, -math.inf)
    ordered, places = heated.sort(descending=True)
    crowded = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1) > 0.8
    nucleus = heated.masked_fill(lib.zeros_like(crowded).scatter(1, places, crowded), -math.inf)
    tokens = lib.multinomial(few.softmax(-1), 2)
    gumbel = -lib.log(-lib.log(lib.rand(4, 10)))
    ids = lib.zeros(1, 1, dtype=lib.long)
    for _ in range(6):
        ids = lib.cat([ids, lib.multinomial(logits[ids[:, -1] % 4].softmax(-1), num_samples=1)], dim=1)
    g = lib.Generator().manual_seed(9)
    state = lib.get_rng_state()
    first = lib.rand(3)
    lib.set_rng_state(state)
    return [tokens, (nucleus == -math.inf).sum(1), lib.multinomial(nucleus.softmax(-1), 1), (logits + gumbel).argmax(-1),
            ids, lib.bernoulli(logits.sigmoid()), lib.randint(0, 10, (5,), generator=g), lib.randperm(6, generator=g),
            lib.equal(first, lib.rand(3)), lib.normal(0.0, 2.0, (17,)), logits.log_softmax(-1).gather(1, tokens),
            -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1)]  # fmt: skip


# ---- gradients -----------------------------------------------------------------------------------------------------
def gradients_of_gradients(lib):
    lib.manual_seed(2)
    critic = lib.nn.Sequential(lib.nn.Linear(3, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1))
    real, fake = lib.randn(5, 3), lib.randn(5, 3)
    mix = lib.rand(5, 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slope,) = lib.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty = ((slope.norm(2, dim=1) - 1) ** 2).mean()
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
    loss.backward()
    x = lib.tensor([0.5, 1.0], requires_grad=True)
    (first,) = lib.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = lib.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = lib.autograd.grad(second.sum(), x)
    adversary = real.clone().requires_grad_()
    critic(adversary).sum().backward()
    attacked = (adversary + 0.1 * adversary.grad.sign()).clamp(-1, 1).detach()
    return [penalty, loss, [p.grad for p in critic.parameters()], third, attacked,
            lib.autograd.functional.jacobian(lambda v: v.softmax(0), lib.tensor([1.0, 2.0])),
            lib.autograd.functional.hessian(lambda v: (v**3).sum(), lib.tensor([1.0, 2.0]))]  # fmt: skip


def functions_and_hooks(lib):
    class Straight(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return (x > 0).to(x.dtype) * scale

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.scale * (x.abs() < 1), None

    seen = []
    x = lib.tensor([-2.0, -0.5, 0.5, 2.0], requires_grad=True)
    y = Straight.apply(x, 3.0)
    y.retain_grad()
    handle = x.register_hook(lambda g: seen.append(g.clone()) or g * 2)
    (y * lib.arange(4.0)).sum().backward()
    handle.remove()
    layer = lib.nn.Linear(2, 2)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor([[1.0, -2.0], [3.0, 4.0]]))
        layer.bias.zero_()
    layer.register_forward_hook(lambda module, args, out: seen.append(out.detach()))
    layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    layer.register_full_backward_hook(lambda module, into, out: seen.append(out[0]))
    layer.weight.register_hook(lambda g: g.clamp(-1, 1))
    layer(lib.ones(3, 2, requires_grad=True)).pow(2).sum().backward()
    return [y, y.grad, x.grad, seen, layer.weight.grad, layer.bias.grad, y.grad_fn is not None, x.is_leaf]


def training_by_hand(lib):
    lib.manual_seed(4)
    x = lib.linspace(-1, 1, 20).unsqueeze(1)
    target = x.pow(3) + 0.1 * lib.randn(x.size())
    w1, b1 = lib.randn(1, 8, requires_grad=True), lib.zeros(8, requires_grad=True)
    w2, b2 = lib.randn(8, 1, requires_grad=True), lib.zeros(1, requires_grad=True)
    parameters, losses = [w1, b1, w2, b2], []
    for epoch in range(8):
        for batch in lib.randperm(20).split(5):
            loss = ((lib.tanh(x[batch] @ w1 + b1) @ w2 + b2 - target[batch]) ** 2).mean()
            loss.backward()
            total = lib.sqrt(sum(p.grad.pow(2).sum() for p in parameters))
            with lib.no_grad():
                for p in parameters:
                    p -= 0.1 / (1 + epoch) * p.grad * min(1.0, 1.0 / (total.item() + 1e-6))
                    p.clamp_(-2, 2)
                    p.grad.zero_()
        losses.append(loss.item())
    model = lib.nn.Sequential(lib.nn.Linear(1, 4), lib.nn.ReLU(), lib.nn.Linear(4, 1))
    optimiser = lib.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    for _ in range(5):
        optimiser.zero_grad()
        lib.nn.functional.mse_loss(model(x), target).backward()
        optimiser.step()
        for p in model.parameters():
            p.data.clamp_(-0.5, 0.5)
    flat = lib.cat([p.detach().flatten() for p in model.parameters()])
    return [losses, parameters, flat, sum(p.numel() for p in model.parameters()), list(model.state_dict())]


def round_trips(lib):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    shared = lib.from_numpy(array)
    array[0, 0] = 9
    shared[1, 1] = -1
    copied = lib.tensor(array)
    array[0, 1] = 7
    numbers = lib.tensor([1.5, 2.5]).numpy()
    leaf = lib.ones(2, requires_grad=True)
    turned = lib.as_tensor(array.T)
    mixed = [lib.tensor(np.float64(2.5)).dtype, lib.tensor(np.array([1, 2], dtype=np.int32)).dtype,
             lib.from_numpy(array[:, ::2]).stride(), (lib.ones(2) * np.float32(2)).dtype, lib.tensor([[True, False]]).dtype,
             (shared.double() + 1).numpy().dtype.name]  # fmt: skip
    return [shared, copied, array, numbers, list(map(str, mixed[:2])), mixed[2], list(map(str, mixed[3:])), turned,
            leaf.detach().numpy().tolist(), (leaf * 2).tolist(), np.asarray(shared).sum().item(), np.sqrt(copied.abs().numpy()),
            lib.as_tensor(array) is not None, shared.data_ptr() == lib.from_numpy(array).data_ptr(),
            str(copied), f"{copied.mean().item():.4f}", bool((copied > 0).any()), float(copied.max()), len(copied),
            [row.sum().item() for row in copied], np.stack([row.numpy() for row in copied])]  # fmt: skip


PROGRAMS = [indexing_tricks, images_into_patches, masks_and_attention, encodings_and_one_hot, distances_and_clusters,
            components_and_fits, running_means, sampling_from_logits, gradients_of_gradients, functions_and_hooks,
            training_by_hand, round_trips]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program(program):
    compare(program, tolerance=2e-5)
