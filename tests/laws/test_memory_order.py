"""Where PyTorch's result lies in index order, whatever the operands' order, so does ours: programs call `view` on it."""

import pytest

import minitorch as mt

pytestmark = pytest.mark.referee

#: Of x (9, 4, 8), y like it, q (2, 3, 5, 8), c (2, 4, 4, 6), w (6, 8), i and j positions, m a mask.
EXPRESSIONS = """
F.linear(x, w); F.layer_norm(x, (8,)); F.rms_norm(x, (8,)); F.softmax(x, -1); F.softmax(x, 0); F.log_softmax(x, -1)
F.log_softmax(x, 0); F.softmin(x, 1); F.glu(x); F.dropout(x); F.relu(x); F.gelu(x); F.silu(x); F.prelu(x, w[0, :1])
lib.cat([x, x]); lib.cat([x, y], -1); lib.cat([c, c], 1); lib.stack([x, x]); lib.stack([x, x], -1); lib.hstack([x, x])
lib.vstack([x, x]); x.repeat(1, 2, 1); x.repeat_interleave(2, 1); lib.tile(x, (2, 1, 1)); x.roll(1, 0); x.rot90(); x.flip(0)
x.sort(0)[0]; x.sort(-1)[1]; x.topk(2, 0)[0]; x.topk(2)[1]; x.cumsum(0); x.cumprod(1); x.cummax(0)[0]; x.logcumsumexp(0)
x.mean(0); x.mean(-1); c.mean((2, 3)); x.sum(1, keepdim=True); x.sum(-1); x.long().sum(-1); x.sum((0, 2)); x.amax(-1); x.amin(1)
x.max(-1)[0]; x.max(1)[1]; x.prod(-1); x.var(1); x.std(-1); lib.var_mean(x, -1)[1]; x.logsumexp(-1); x.norm(dim=-1)
x.norm(p=3, dim=-1); x.norm(p=1, dim=-1); x.argmax(-1); x.median(-1)[0]; x.any(1); x.all(-1); x.nansum(-1); x.count_nonzero(-1)
x.masked_fill(x > 0, 1.0); x.tril(); x.triu(); x.diagonal(); lib.diag_embed(x); x.reshape(9, -1); x.flatten(1)
x.index_select(0, i); x.index_select(1, i); x[i]; x[:, i]; x[:, :, i]; x[..., i]; x[:, i, i]; x[i, :, i]; x[:, None, i]; x[i, :, 0]
x[:, j[0, :2, :2]]; x[x[:, 0, 0] > -9]; x[m]; x.gather(0, j); x.take_along_dim(j, 0); x.masked_select(m); lib.where(m, x, y)
x.scatter(0, j, 1.0); x.index_add(0, i, x[i]); x.index_copy(0, i, x[i]); x.diff(dim=0)
x @ w.t(); lib.matmul(x, x.transpose(1, 2)); lib.bmm(x, x.transpose(1, 2)); lib.einsum("abc,abd->acd", x, x)
lib.einsum("abc,dc->abd", x, w); lib.tensordot(x, w, dims=([2], [1])); lib.mm(w, x[0].t()); lib.outer(x[0, 0], x[0, 1])
F.pad(x, (1, 1)); F.pad(x, (1, 1), mode="reflect"); F.pad(c, (1, 1, 1, 1), mode="replicate"); F.interpolate(x, scale_factor=2)
F.interpolate(c, scale_factor=2.0, mode="bilinear"); F.avg_pool1d(x, 2); F.max_pool1d(x, 2); F.max_pool2d(c, 2)
F.max_pool2d(c, 2, 1, 1); F.avg_pool2d(c, 2); F.adaptive_avg_pool2d(c, 1); F.adaptive_avg_pool2d(c, (2, 3))
F.adaptive_max_pool2d(c, 1); F.batch_norm(c, None, None, training=True); F.batch_norm(c, lib.zeros(4), lib.ones(4))
F.group_norm(c, 2); F.instance_norm(c); F.conv1d(x, lib.ones(3, 4, 2)); F.conv1d(x, lib.ones(4, 1, 3), groups=4)
F.conv_transpose1d(x, lib.ones(4, 3, 2), padding=1); F.conv2d(c, lib.ones(3, 4, 2, 2)); F.conv2d(c, lib.ones(3, 4, 1, 1))
F.conv2d(c, lib.ones(4, 1, 3, 3), groups=4, padding=1); F.conv_transpose2d(c, lib.ones(4, 3, 3, 3), stride=2, padding=1)
F.embedding(j[0].t(), w); F.one_hot(j[0].t()); F.cosine_similarity(x, y, 1); F.pairwise_distance(x, y); F.normalize(x)
F.scaled_dot_product_attention(q, q, q); F.scaled_dot_product_attention(q, q, q, is_causal=True); F.pixel_shuffle(c, 2)
F.pixel_unshuffle(c, 2); F.channel_shuffle(c, 2); F.unfold(c, 2); F.fold(F.unfold(c, 2), (4, 6), 2)
F.grid_sample(c, lib.zeros(2, 3, 3, 2), align_corners=False); F.affine_grid(lib.zeros(2, 2, 3), (2, 1, 3, 3), align_corners=False)
"""

ORDERS = {
    "in order": (lambda t: t, lambda t: t),
    "transposed": (lambda t: t.transpose(0, 1).contiguous().transpose(0, 1), lambda t: t.transpose(2, 3).contiguous().transpose(2, 3)),
    "permuted": (lambda t: t.permute(2, 0, 1).contiguous().permute(1, 2, 0), lambda t: t.transpose(0, 1).contiguous().transpose(0, 1)),
}  # fmt: skip


def operands(lib, order):
    three, four = ORDERS[order]
    lib.manual_seed(0)
    return {"lib": lib, "F": lib.nn.functional, "x": three(lib.randn(9, 4, 8)), "y": lib.randn(9, 4, 8), "w": lib.randn(6, 8),
            "q": four(lib.randn(2, 3, 5, 8)), "c": four(lib.randn(2, 4, 4, 6)), "m": lib.randn(9, 4, 8) > 0,
            "i": lib.tensor([0, 2]), "j": lib.zeros(2, 4, 8, dtype=lib.int64)}  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_a_result_may_be_viewed_where_pytorchs_may(order):
    torch = pytest.importorskip("torch")
    worse = []
    for source in EXPRESSIONS.strip().replace("\n", "; ").split("; "):
        ours, theirs = (eval(source, operands(lib, order)) for lib in (mt, torch))
        assert ours.shape == tuple(theirs.shape), source
        if theirs.is_contiguous() and not ours.is_contiguous():
            worse.append(f"{source}: {ours.stride()}")
    assert not worse


@pytest.mark.parametrize("order", ORDERS)
def test_so_may_a_gradient(order):
    """`autograd.grad` gives arrays that programs call `view` on, for a gradient penalty say."""
    torch = pytest.importorskip("torch")
    worse = []
    for source in ("F.conv2d(c, lib.ones(3, 4, 3, 3), padding=1)", "F.conv2d(c, lib.ones(3, 4, 1, 1))", "F.max_pool2d(c, 3, 2, 1)",
                   "F.conv_transpose2d(c, lib.ones(4, 2, 3, 3), stride=2, padding=1)", "F.avg_pool2d(c, 2)", "F.softmax(c, 1)",
                   "F.batch_norm(c, None, None, training=True)", "F.interpolate(c, scale_factor=2.0, mode='bilinear')",
                   "F.linear(c, lib.ones(5, 6))", "F.layer_norm(c, (4, 6))", "c[:, [0, 2]]"):  # fmt: skip
        found = []
        for lib in (mt, torch):
            scope = operands(lib, order)
            scope["c"] = scope["c"].requires_grad_()
            for create_graph in (False, True):
                out = eval(source, scope)
                found.append(lib.autograd.grad(out, scope["c"], lib.ones_like(out), create_graph=create_graph)[0].is_contiguous())
        ours, theirs = found[:2], found[2:]
        worse += [source] * any(there and not here for here, there in zip(ours, theirs, strict=True))
    assert not worse
