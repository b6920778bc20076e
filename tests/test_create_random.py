"""Random tensors: PyTorch's numbers after the same seed, its errors, and what a draw leaves on the tape."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits

SIZES = (0, 1, 7, 15, 16, 17, 1000)
DTYPES = ("float16", "bfloat16", "float32", "float64")


@pytest.fixture
def torch():
    module = pytest.importorskip("torch")
    before = module.get_rng_state()
    yield module
    module.set_rng_state(before)


def same(mine, theirs, ulps=0):
    """Shape, dtype and numbers agree, the last to a few units in the last place."""
    assert str(mine.dtype) == str(theirs.dtype)
    assert tuple(mine.shape) == tuple(theirs.shape)
    if str(mine.dtype) == "torch.bfloat16":
        mine, theirs = mine.float(), theirs.float()
    one, other = mine.detach().numpy(), theirs.detach().numpy()
    if ulps:  # of the number or, where a mean cancelled it, of one
        step = np.spacing(np.maximum(np.abs(other), np.ones_like(other))) * ulps
        assert (np.abs(one - other) <= step).all()
    else:
        np.testing.assert_array_equal(one, other)


def both(torch, draw, seed=0, ulps=0):
    """Draw from both libraries after the same seed; a draw may be several tensors."""
    torch.manual_seed(seed)
    mt.manual_seed(seed)
    mine, theirs = draw(mt), draw(torch)
    if not isinstance(mine, list):
        mine, theirs = [mine], [theirs]
    for one, other in zip(mine, theirs, strict=True):
        same(one, other, ulps)
    same(mt.rand(3), torch.rand(3))  # the streams stand at the same place


EXACT = {
    "rand": lambda T, n: T.rand(n),
    "rand64": lambda T, n: T.rand(n, dtype=T.float64),
    "rand16": lambda T, n: T.rand(n, dtype=T.float16),
    "randbf": lambda T, n: T.rand(n, dtype=T.bfloat16),
    "rand complex": lambda T, n: T.rand(n, dtype=T.complex64),
    "rand 2-D": lambda T, n: T.rand((n, 3)),
    "randint": lambda T, n: T.randint(10, (n,)),
    "randint low": lambda T, n: T.randint(-5, 10, (n,)),
    "randint wide": lambda T, n: T.randint(0, 2**40, (n,)),
    "randint float": lambda T, n: T.randint(0, 10, (n,), dtype=T.float32),
    "randint uint8": lambda T, n: T.randint(0, 256, (n,), dtype=T.uint8),
    "randperm": lambda T, n: T.randperm(n),
    "randperm float": lambda T, n: T.randperm(n, dtype=T.float64),
    "bernoulli_": lambda T, n: T.zeros(n).bernoulli_(0.3),
    "bernoulli_ int": lambda T, n: T.zeros(n, dtype=T.int64).bernoulli_(0.3),
    "bernoulli": lambda T, n: T.bernoulli(T.linspace(0, 1, n)),
    "bernoulli64": lambda T, n: T.bernoulli(T.linspace(0, 1, n, dtype=T.float64)),
    "bernoulli p": lambda T, n: T.bernoulli(T.zeros(n), 0.7),
    "bernoulli_ tensor": lambda T, n: T.zeros(2, n).bernoulli_(T.full((n,), 0.4)),
    "uniform_": lambda T, n: T.zeros(n).uniform_(-2, 5),
    "exponential_": lambda T, n: T.zeros(n).exponential_(),
    "exponential_ rate": lambda T, n: T.zeros(n, dtype=T.float64).exponential_(2.5),
    "random_": lambda T, n: T.zeros(n).random_(),
    "random_ to": lambda T, n: T.zeros(n, dtype=T.int64).random_(7),
    "random_ from to": lambda T, n: T.zeros(n, dtype=T.int32).random_(-7, 7),
    "random_ int64": lambda T, n: T.zeros(n, dtype=T.int64).random_(),
    "geometric_": lambda T, n: T.zeros(n).geometric_(0.3),
    "rand_like": lambda T, n: T.rand_like(T.zeros(2, n)),
    "randint_like": lambda T, n: T.randint_like(T.zeros(n), 3, 9),
    "poisson": lambda T, n: T.poisson(T.linspace(0, 40, n)),
}
NEAR = {
    "randn": lambda T, n: T.randn(n),
    "randn64": lambda T, n: T.randn(n, dtype=T.float64),
    "normal_": lambda T, n: T.zeros(n).normal_(2, 3),
    "normal": lambda T, n: T.normal(1.0, 2.0, (n,)),
    "normal mean": lambda T, n: T.normal(T.linspace(0, 1, n), 0.5),
    "normal std": lambda T, n: T.normal(3.0, T.linspace(0, 1, n)),
    "normal both": lambda T, n: T.normal(T.linspace(0, 1, n), T.ones(2, n)),
    "normal mixed": lambda T, n: T.normal(T.zeros(n, dtype=T.float64), T.ones(n)),
    "log_normal_": lambda T, n: T.zeros(n).log_normal_(0.5, 0.7),
    "cauchy_": lambda T, n: T.zeros(n).cauchy_(1, 2),
    "randn_like": lambda T, n: T.randn_like(T.zeros(n, 2)),
}


@pytest.mark.referee
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", EXACT)
def test_the_same_seed_gives_pytorchs_numbers(torch, name, n):
    both(torch, lambda T: EXACT[name](T, n), seed=n)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["rand", "randint", "randint low", "randint wide", "randint float", "randperm"])
def test_what_is_drawn_in_steps_is_the_same_too(torch, name):
    both(torch, lambda T: EXACT[name](T, 40001), seed=1)


@pytest.mark.referee
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", NEAR)
def test_normals_are_pytorchs_to_the_last_places(torch, name, n):
    both(torch, lambda T: NEAR[name](T, n), seed=n, ulps=8)


@pytest.mark.referee
@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(torch, name):
    for draw in (
        lambda T: T.rand(40, dtype=getattr(T, name)),
        lambda T: T.zeros(5, dtype=getattr(T, name)).normal_(),
        lambda T: T.zeros(40, dtype=getattr(T, name)).uniform_(1, 3),
        lambda T: T.zeros(40, dtype=getattr(T, name)).exponential_(),
        lambda T: T.zeros(40, dtype=getattr(T, name)).random_(),
        lambda T: T.bernoulli(T.full((40,), 0.25, dtype=getattr(T, name))),
    ):
        both(torch, draw)


@pytest.mark.referee
def test_draws_in_sequence(torch):
    """Halves of normal pairs are kept across calls and dtypes; everything else leaves them alone."""

    def sequence(T):
        return [
            T.randn(3), T.rand(2), T.randn(1), T.randn(7, dtype=T.float64), T.randint(9, (3,)), T.randn(16), T.randn(2),
            T.zeros(17).normal_(), T.zeros(4).exponential_(), T.randn(15), T.randperm(6), T.randn(1000), T.randn(5),
            T.multinomial(T.tensor([0.1, 0.2, 0.7]), 2), T.zeros(3).log_normal_(), T.randn(1),
        ]  # fmt: skip

    for seed in (0, 1, -1, 2**40 + 7):
        both(torch, sequence, seed, ulps=8)


@pytest.mark.referee
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_multinomial(torch, replacement, name):
    rng = np.random.default_rng(3)
    for shape, count in (((5,), 1), ((5,), 3), ((4, 6), 2), ((1, 3), 3), ((3, 200), 50)):
        weights = rng.random(shape).astype(name)
        both(torch, lambda T, w=weights, n=count: T.multinomial(T.from_numpy(w), n, replacement), seed=count)
        both(torch, lambda T, w=weights, n=count: T.from_numpy(w).multinomial(n, replacement), seed=count)


@pytest.mark.referee
def test_binomial(torch):
    both(torch, lambda T: T.binomial(T.full((50,), 20.0), T.linspace(0, 1, 50)))


LAYOUTS = {
    "transposed": lambda x: x.permute(2, 0, 1),
    "swapped": lambda x: x.transpose(0, 1),
    "sliced": lambda x: x[:, ::2],
    "narrow": lambda x: x[..., 1:3],
    "both": lambda x: x.permute(1, 2, 0)[::2],
    "column": lambda x: x[:, 0, :1],
}


@pytest.mark.referee
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 7, 9)], ids=str)
def test_a_tensor_is_filled_in_the_order_of_its_memory(torch, layout, shape):
    def fill(draw):
        def run(T):
            base = T.zeros(*shape)
            draw(LAYOUTS[layout](base))
            return base

        return run

    both(torch, fill(lambda x: x.uniform_()))
    both(torch, fill(lambda x: x.random_(100)))
    both(torch, fill(lambda x: x.bernoulli_(0.5)))
    both(torch, fill(lambda x: x.exponential_()))
    both(torch, fill(lambda x: x.normal_()), ulps=8)
    both(torch, fill(lambda x: x.bernoulli_(x.contiguous() * 0 + 0.5)))


@pytest.mark.referee
@pytest.mark.parametrize("layout", LAYOUTS)
def test_likes_keep_the_order_of_memory(torch, layout):
    for draw in (
        lambda T, x: T.rand_like(x),
        lambda T, x: T.randint_like(x, 100),
        lambda T, x: T.bernoulli(x * 0 + 0.5),
        lambda T, x: T.bernoulli(x, 0.5),
        lambda T, x: T.rand_like(x, memory_format=T.contiguous_format),
        lambda T, x: T.poisson(x + 3),
    ):
        both(torch, lambda T, draw=draw: draw(T, LAYOUTS[layout](T.zeros(5, 7, 9))))
    both(torch, lambda T: T.randn_like(LAYOUTS[layout](T.zeros(5, 7, 9))), ulps=8)
    assert mt.rand_like(LAYOUTS[layout](mt.zeros(5, 7, 9))).stride() == torch.rand_like(
        LAYOUTS[layout](torch.zeros(5, 7, 9))).stride()  # fmt: skip


@pytest.mark.referee
def test_generators(torch):
    mine, theirs = mt.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    before = mt.get_rng_state()
    same(mt.rand(4, generator=mine), torch.rand(4, generator=theirs))
    same(mt.randperm(9, generator=mine), torch.randperm(9, generator=theirs))
    same(mt.zeros(3).normal_(generator=mine), torch.zeros(3).normal_(generator=theirs), 4)
    weights = [0.5, 0.25, 0.25]
    same(mt.tensor(weights).multinomial(2, generator=mine), torch.tensor(weights).multinomial(2, generator=theirs))
    assert bool((mt.get_rng_state() == before).all())
    assert bytes(mine.get_state().numpy()) == bytes(theirs.get_state().numpy())
    torch.manual_seed(0)
    torch.randn(3)
    mt.set_rng_state(mt.from_numpy(torch.get_rng_state().numpy()))
    same(mt.randn(5), torch.randn(5), 4)


def test_seeds():
    mt.manual_seed(3)
    assert mt.initial_seed() == 3
    first = mt.rand(4)
    state = mt.get_rng_state()
    assert state.dtype is mt.uint8 and state.shape == (5056,)
    second = mt.rand(4)
    mt.set_rng_state(state)
    assert mt.rand(4).tolist() == second.tolist()
    assert mt.manual_seed(3) is mt.default_generator
    assert mt.rand(4).tolist() == first.tolist()
    assert mt.seed() == mt.initial_seed() == mt.default_generator.initial_seed()


def test_a_generator_can_be_copied_and_pickled():
    generator = mt.Generator().manual_seed(1)
    mt.rand(3, generator=generator)
    copies = [copy.deepcopy(generator), pickle.loads(pickle.dumps(generator)), generator.clone_state()]
    expected = mt.randn(5, generator=generator).tolist()
    for other in copies:
        assert isinstance(other, mt.Generator) and str(other.device) == "cpu"
        assert mt.randn(5, generator=other).tolist() == expected


def test_pinned():
    mt.manual_seed(0)
    assert mt.rand(3).tolist() == [0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
    mt.manual_seed(0)
    assert mt.randperm(5).tolist() == [4, 0, 1, 3, 2]
    mt.manual_seed(0)
    assert mt.randint(10, (5,)).tolist() == [4, 9, 3, 0, 3]


# ---- the tape
IN_PLACE = {
    "uniform_": (), "normal_": (), "exponential_": (), "bernoulli_": (), "random_": (), "log_normal_": (),
    "cauchy_": (), "geometric_": (0.5,),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_an_in_place_draw_on_the_tape_ends_the_gradient(name):
    x = mt.ones(3, requires_grad=True)
    y = x * 2
    kept = y.exp().detach()
    assert getattr(y, name)(*IN_PLACE[name]) is y
    assert y.requires_grad and y.tolist() != kept.tolist()
    assert y.grad_fn.name() == name.rstrip("_").title().replace("_", "") + "Backward0"
    (y * 3).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_leaf_and_its_views_refuse_a_draw(name):
    leaf = mt.ones(4, requires_grad=True)
    version = leaf._cell[0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        getattr(leaf, name)(*IN_PLACE[name])
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        getattr(leaf[1:], name)(*IN_PLACE[name])
    assert leaf.tolist() == [1.0] * 4 and leaf._cell[0] == version
    with mt.no_grad():
        getattr(leaf, name)(*IN_PLACE[name])
    assert leaf._cell[0] == version + 1 and leaf.is_leaf and leaf.requires_grad


def test_a_draw_into_a_view_hides_only_that_part():
    x = mt.ones(4, requires_grad=True)
    y = x * 2
    y[1:3].uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0, 2.0]


def test_a_stale_graph_notices_the_draw():
    x = mt.ones(3, requires_grad=True)
    w = mt.ones(3)
    y = (x * w).sum()
    w.normal_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_draws_by_given_numbers_hand_on_zero():
    p = mt.full((3,), 0.5, requires_grad=True)
    for drawn in (mt.bernoulli(p), mt.poisson(p), mt.normal(p), mt.normal(0.0, p), mt.normal(p, mt.ones(2, 3)),
                  mt.bernoulli(p, 0.5), mt.binomial(mt.ones(3), p)):  # fmt: skip
        assert drawn.requires_grad
        p.grad = None
        drawn.sum().backward()
        assert p.grad.tolist() == [0.0, 0.0, 0.0]
    assert not mt.multinomial(p, 2).requires_grad
    with mt.no_grad():
        assert not mt.bernoulli(p).requires_grad


def test_a_draw_is_a_leaf_that_may_require_grad():
    for made in (
        mt.rand(2, requires_grad=True),
        mt.randn(2, requires_grad=True),
        mt.rand_like(mt.ones(2), requires_grad=True),
        mt.normal(0.0, 1.0, (2,), requires_grad=True),
    ):
        assert made.is_leaf and made.requires_grad
    with mt.inference_mode():
        assert mt.rand(2).is_inference()


def test_expanded_memory_is_not_filled():
    with pytest.raises(RuntimeError, match="unsupported operation: more than one element of the written-to tensor"):
        mt.zeros(1, 3).expand(2, 3).normal_()


def test_out():
    mt.manual_seed(0)
    expected = mt.rand(3).tolist()
    mt.manual_seed(0)
    out = mt.ones(5)
    assert mt.rand(3, out=out) is out and out.tolist() == expected
    counts = mt.empty(2, dtype=mt.int64)
    assert mt.multinomial(mt.ones(3), 2, out=counts) is counts
    assert mt.randperm(4, out=mt.empty(0)).dtype is mt.float32
    with pytest.raises(RuntimeError, match="multinomial expects Long tensor out, got: Float"):
        mt.multinomial(mt.ones(3), 2, out=mt.ones(2))


ERRORS = """T.rand(2, dtype=T.int64)
T.rand(2.5)
T.rand(-1)
T.randn(2, dtype=T.bool)
T.randint(5, 3)
T.randint(5)
T.randint(0, 5)
T.randint(5, 5, (2,))
T.randint(5, 2, (2,))
T.randint(0, 300, (2,), dtype=T.uint8)
T.randint(0, 5, (2,), dtype=T.bool)
T.randint(0, 2**63, (3,))
T.randint_like(T.zeros(2))
T.randperm(-1)
T.randperm(2.5)
T.randperm(300, dtype=T.uint8)
T.randperm(2**11 + 2, dtype=T.float16)
T.normal(0, 1)
T.normal(0, 1, 3)
T.normal(0.0, T.ones(3), (3,))
T.normal(T.zeros(3), -1)
T.normal(T.zeros(3), -T.ones(3))
T.normal(T.zeros(3), T.ones(4))
T.normal(T.zeros(3, dtype=T.int64), 1)
T.bernoulli(T.zeros(2, dtype=T.int64))
T.bernoulli(T.tensor([2.0]))
T.bernoulli(T.zeros(2), 1.5)
T.bernoulli(0.5)
T.poisson(T.zeros(2, dtype=T.int64))
T.poisson(T.tensor([-1.0]))
T.multinomial(T.tensor([1, 2]), 1)
T.multinomial(T.zeros(2, 2, 2), 1)
T.multinomial(T.zeros(2), 1)
T.multinomial(T.ones(2), 3)
T.multinomial(T.ones(2), 0)
T.multinomial(-T.ones(2), 1)
T.multinomial(T.ones(3), 2.5)
T.multinomial(3, 2)
T.zeros(2, dtype=T.int64).uniform_()
T.zeros(2, dtype=T.int64).normal_()
T.zeros(2, dtype=T.int64).exponential_()
T.zeros(2, dtype=T.int64).log_normal_()
T.zeros(2).uniform_(2, 1)
T.zeros(2).uniform_('a')
T.zeros(2).uniform_(generator=3)
T.zeros(2).normal_(0, -1)
T.zeros(2).exponential_(0)
T.zeros(2).bernoulli_(2)
T.zeros(2, 3).bernoulli_(T.full((4,), .5))
T.zeros(2).geometric_(0)
T.zeros(2).cauchy_(0, 0)
T.zeros(2).log_normal_(0, 0)
T.zeros(2).random_(5, 2)
T.zeros(2).random_(0)
T.zeros(2).random_(0.5)
T.zeros(2).random_(**{'from': 2})
T.manual_seed('a')
T.manual_seed(2**64)
T.set_rng_state(T.zeros(3, dtype=T.uint8))
T.set_rng_state(T.zeros(3))
T.set_rng_state(3)
T.Generator('tpu')""".splitlines()


@pytest.mark.referee
@pytest.mark.parametrize("call", ERRORS)
def test_errors_are_pytorchs(torch, call):
    with pytest.raises(Exception) as theirs:
        eval(call, {"T": torch})
    with pytest.raises(type(theirs.value)) as mine:
        eval(call, {"T": mt})
    if "tpu" not in call:
        assert str(mine.value)[:35] == str(theirs.value)[:35]


def test_a_generator_of_another_device_is_refused():
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        mt.rand(2, generator=mt.Generator("cuda"))


def test_no_warning_reaches_the_user():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        mt.zeros(1000).cauchy_()
        mt.zeros(1000, dtype=mt.float16).exponential_(1e-6)
        mt.zeros(100, dtype=mt.float16).log_normal_(20, 5)


# ---- devices
DRAWS = {
    "rand": lambda d: mt.rand(4, device=d),
    "randn": lambda d: mt.randn(20, device=d),
    "randint": lambda d: mt.randint(9, (4,), device=d),
    "randperm": lambda d: mt.randperm(5, device=d),
    "normal": lambda d: mt.normal(0.0, 1.0, (3,), device=d),
    "normal of tensors": lambda d: mt.normal(mt.ones(3, device=d), mt.full((2, 1), 2.0, device=d)),
    "normal of a mean": lambda d: mt.normal(mt.ones(3, device=d), 2.0),
    "normal_": lambda d: mt.zeros(3, 4, device=d).t().normal_(),
    "bernoulli_": lambda d: mt.zeros(4, device=d).bernoulli_(mt.full((4,), 0.5, device=d)),
    "bernoulli": lambda d: mt.bernoulli(mt.full((4,), 0.5, device=d)),
    "multinomial": lambda d: mt.ones(4, device=d).multinomial(2),
    "poisson": lambda d: mt.poisson(mt.ones(4, device=d)),
    "binomial": lambda d: mt.binomial(mt.ones(3, device=d), mt.full((3,), 0.3, device=d)),
    "rand_like": lambda d: mt.rand_like(mt.ones(2, 3, device=d).t()),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_device_gets_the_hosts_draws(device_backend, name):
    mt.manual_seed(0)
    host = DRAWS[name]("cpu")
    mt.manual_seed(0)
    mine = DRAWS[name]("cuda")
    assert mine.is_cuda and mine.dtype is host.dtype and mine.tolist() == host.tolist()


def test_a_device_generator_fills_its_device_only(device_backend):
    generator = mt.Generator("cuda").manual_seed(3)
    on_device = mt.rand(3, generator=generator, device="cuda")
    assert on_device.tolist() == mt.rand(3, generator=mt.Generator().manual_seed(3)).tolist()
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        mt.rand(3, generator=generator)


def test_drawing_does_not_wait_for_the_device(device_backend):
    x = mt.ones(3, device="cuda", requires_grad=True)
    with waits() as seen:
        mt.rand(3, device="cuda")
        y = x * 2
        y.uniform_()
        y.sum().backward()
    assert seen == [] and x.grad.tolist() == [0.0, 0.0, 0.0]
