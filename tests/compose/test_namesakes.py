"""The package's own forms of functions of `nn.functional`, against PyTorch's: values, gradients, argument order."""

import pytest

import minitorch as mt

#: f is the module; x, y float (2, 3), t signs (2,), w (4, 3), i indices, c channels (3,), m and v moments, z an image.
CALLS = """
f.embedding(w, i)
f.embedding(w, i, 1)
f.embedding(weight=w, indices=i, padding_idx=0, scale_grad_by_freq=True)
f.batch_norm(x, c, c, m, v, False, 0.1, 1e-5, True)
f.batch_norm(x, c, None, m, v, True, 0.1, 1e-5, False)
f.batch_norm(x, None, None, None, None, True, 0.1, 1e-3, True)
f.instance_norm(z.reshape(1, 2, 10), None, None, None, None, True, 0.1, 1e-5, True)
f.binary_cross_entropy_with_logits(x, y.sigmoid())
f.binary_cross_entropy_with_logits(x, y.sigmoid(), None, c, 2)
f.binary_cross_entropy_with_logits(x, y.sigmoid(), c, reduction=0)
f.kl_div(x, y.sigmoid())
f.kl_div(x, y, 2, log_target=True)
f.poisson_nll_loss(x, y.exp(), True, False, 1e-8, 1)
f.poisson_nll_loss(x.exp(), y.exp(), False, True, 1e-8, 0)
f.cosine_embedding_loss(x, y, t)
f.cosine_embedding_loss(x, y, t, 0.2, 0)
f.hinge_embedding_loss(x[:, 0], t)
f.hinge_embedding_loss(x[:, 0], t, 0.5, 2)
f.margin_ranking_loss(x[:, 0], y[:, 0], t, 0.5, 0)
f.triplet_margin_loss(x, y, x.flip(1), 1.0, 2, 1e-6, True, 0)
f.ctc_loss(z.reshape(5, 1, 4).log_softmax(2), f.tensor([[1, 2]]), [5], [2])
f.ctc_loss(z.reshape(5, 1, 4).log_softmax(2), f.tensor([[1, 2]]), f.tensor([5]), f.tensor([2]), 0, 0, True)
f.cosine_similarity(x, y, 0)
f.pairwise_distance(x, y, 1, 1e-6, True)
f.grid_sampler(z, x.reshape(1, 1, 3, 2), 0, 0, False)
f.grid_sampler_2d(z, x.reshape(1, 1, 3, 2), 1, 1, True)
f.grid_sampler(z, x.reshape(1, 1, 3, 2), 2, 2, False)
f.affine_grid_generator(x.reshape(1, 2, 3), (1, 1, 2, 2), True)
f.conv_tbc(x.reshape(3, 1, 2), w.reshape(2, 2, 3), c)
f.conv_tbc(x.reshape(3, 1, 2), w.reshape(2, 2, 3), c, 1)
f.conv_tbc(x, w.reshape(2, 2, 3), c)
f.conv_tbc(x.reshape(3, 2, 1), w.reshape(2, 2, 3), c)
f.max_pool1d_with_indices(x, 2)
f.frobenius_norm(x, (0, 1))
f.frobenius_norm(x, 1, True)
f.frobenius_norm(x, dim=[])
f.nuclear_norm(x)
f.nuclear_norm(x, True)
f.nuclear_norm(x, (1, 0), keepdim=True)
f.geqrf(x)[0].abs()
f.orgqr(*f.geqrf(x.t()))
f.ormqr(*f.geqrf(x.t()), y.t())
f.ormqr(*f.geqrf(x.t()), y, left=False, transpose=True)
f.dropout_(x.detach().clone(), 0.5, True)
f.feature_dropout_(x.detach().clone(), 0.5, True)
f.alpha_dropout_(x.detach().clone(), 0.5, True)
f.feature_alpha_dropout_(x.detach().clone(), 0.5, True)
f.range(0, 3)
f.range(0, 1, 0.25, dtype=f.float64)
f.range(5, 1, -2, dtype=f.int64)
f.range(0, 2.5)
f.range(1, 0)
f.range(0, 2, 0)
f.range(0, float("inf"))
f.kl_div(x, y.sigmoid(), 3)
""".strip().splitlines()


def answer(lib, call):
    lib.manual_seed(0)
    x = lib.tensor([[0.5, -1.25, 0.75], [1.5, 0.25, -0.5]], requires_grad=True)
    y = lib.tensor([[1.0, 0.3, -0.2], [-0.7, 0.9, 0.4]])
    scope = {"f": lib, "x": x, "y": y, "t": lib.tensor([1.0, -1.0]), "w": lib.arange(12.0).reshape(4, 3), "i": lib.tensor([[1, 0, 1]]),
             "c": lib.tensor([0.5, 1.0, 2.0]), "m": lib.tensor([0.1, 0.2, 0.3]), "v": lib.tensor([1.0, 2.0, 3.0]),
             "z": lib.arange(20.0).sin().reshape(1, 1, 4, 5), "float": float}  # fmt: skip
    try:
        found = eval(call, scope)
    except (RuntimeError, ValueError) as error:
        return type(error).__name__, str(error)
    found = found if isinstance(found, tuple) else (found,)
    if found[0].requires_grad:
        try:
            found[0].sum().backward()
        except NotImplementedError:  # PyTorch does not differentiate geqrf
            x.grad = None
    said = [t.detach().double().flatten().tolist() for t in (*found, scope["m"], scope["v"])]
    return [tuple(found[0].shape), str(found[0].dtype)], said, None if x.grad is None else x.grad.flatten().tolist()


@pytest.mark.referee
@pytest.mark.filterwarnings("ignore:torch.range is deprecated")
@pytest.mark.parametrize("call", CALLS)
def test_a_namesake_is_pytorchs(call):
    torch = pytest.importorskip("torch")
    ours, theirs = answer(mt, call), answer(torch, call)
    if isinstance(theirs[0], str):
        assert ours == theirs
        return
    assert ours[0] == [theirs[0][0], theirs[0][1]]
    for one, other in zip(ours[1], theirs[1], strict=True):
        assert one == pytest.approx(other, abs=2e-6)
    assert ours[2] == (None if theirs[2] is None else pytest.approx(theirs[2], abs=5e-6))
