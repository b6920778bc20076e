"""The random stream: pinned numbers, state, errors, and PyTorch's CPU stream bit for bit."""

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest

from minitorch.backend import generator as streams
from minitorch.backend.generator import Generator

SIZES = (1, 7, 15, 16, 17, 1000)
SEEDS = (0, 42, -1, 2**40 + 7)
FLOATS = ("float16", "bfloat16", "float32", "float64")


def numpy_dtype(name):
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


def seeded(seed=0):
    return Generator().manual_seed(seed)


# ---- pinned numbers (PyTorch 2.13, CPU, seed 0)
PINNED = {
    "rand": (lambda g: g.rand(3), [0.49625658988952637, 0.7682217955589294, 0.08847743272781372]),
    "rand64": (lambda g: g.rand(2, np.float64), [0.9700530018065531, 0.707819864399788]),
    "uniform": (lambda g: g.uniform(2, np.float64, -0.3, 1.7), [1.640106003613106, 1.1156397287995758]),
    "normal": (lambda g: g.normal(3), [1.5409960746765137, -0.293428897857666, -2.1787893772125244]),
    "blocks": (
        lambda g: g.normal(17)[[0, 1, 15, 16]],
        [-1.1258398294448853, -1.6959311962127686, -0.843676745891571, 0.9318265914916992],
    ),
    "half": (
        lambda g: g.normal(17, np.float16)[[0, 1, 15, 16]],
        [-1.1259765625, -1.3525390625, 0.9462890625, -0.84375],
    ),
    "randint": (lambda g: g.randint(0, 10, 5), [4, 9, 3, 0, 3]),
    "randlong": (lambda g: g.randint(0, 2**40, 2), [741280623151, 506137267392]),
    "randperm": (lambda g: g.randperm(5), [4, 0, 1, 3, 2]),
    "bernoulli": (lambda g: g.bernoulli(6, np.float32, 0.5), [0, 0, 1, 0, 0, 0]),
    "exponential": (lambda g: g.exponential(2, np.float64), [3.508326186707642, 1.2303847641796768]),
    "log_normal": (lambda g: g.log_normal(2), [59.2634162902832, 1.5115599632263184]),
    "cauchy": (lambda g: g.cauchy(2), [10.597729682922363, 0.7647672891616821]),
    "geometric": (lambda g: g.geometric(4, np.int64, 0.2), [1, 2, 4, 1]),
    "multinomial": (lambda g: g.multinomial(np.array([0.1, 0.2, 0.7]), 3), [2, 1, 0]),
    "replaced": (lambda g: g.multinomial(np.array([0.1, 0.2, 0.7]), 5, True), [2, 2, 2, 2, 2]),
    "poisson": (lambda g: g.poisson(np.array([3.0, 50.0, 0.0])), [6, 47, 0]),
    "gamma": (lambda g: g.standard_gamma(np.array([0.5, 3.0])), [0.0007893582063475732, 1.272843417891088]),
    "binomial": (lambda g: g.binomial(np.array([10.0, 100.0]), np.array([0.3, 0.6])), [6, 62]),
    "trunc": (
        lambda g: g.trunc_normal(3, np.float32, 0.0, 1.0, -0.5, 0.5),
        [0.40334683656692505, -0.293428897857666, 0.18203648924827576],
    ),
}


@pytest.mark.parametrize("name", PINNED)
def test_pinned(name):
    draw, expected = PINNED[name]
    np.testing.assert_allclose(draw(seeded()).astype(np.float64), expected, rtol=1e-15, atol=0)


def test_the_stream_is_cut_the_same_however_it_is_read():
    whole, parts = seeded(3), seeded(3)
    together = whole.rand(50_000)
    np.testing.assert_array_equal(together, np.concatenate([parts.rand(n) for n in (1, 16_384, 33_615)]))


def test_the_second_normal_is_kept_across_calls_and_dtypes_and_cleared_by_a_seed():
    whole, parts = seeded(5), seeded(5)
    four = whole.normal(4, np.float64)
    split = [parts.normal((), np.float64), parts.normal(2, np.float32), parts.normal(1, np.float64)]
    np.testing.assert_allclose(np.concatenate([np.ravel(part) for part in split]), four, rtol=1e-7)
    assert parts.normal(1, np.float64)[0] != four[0]
    parts.manual_seed(5)
    assert parts.normal(1, np.float64)[0] == four[0]


def test_shapes_dtypes_and_arrays_of_no_dimension():
    g = seeded()
    draws = [
        g.rand(()), g.uniform((), np.float64, 1, 2), g.normal(()), g.normal((), np.complex64), g.randint(0, 5, ()),
        g.random_((), np.uint8), g.bernoulli((), np.float32, 0.5), g.bernoulli((), np.float64, np.array(0.5)),
        g.dropout_mask((), 0.5), g.exponential(()), g.log_normal(()), g.cauchy(()), g.geometric((), np.int64, 0.5),
        g.trunc_normal(()), g.trunc_normal((), np.float32, 0.0, 1.0, 1.5, 2.0), g.rrelu_noise(np.array(-1.0), 0.1, 0.3),
        g.poisson(np.array(3.0)), g.standard_gamma(np.array(3.0)), g.binomial(np.array(3.0), np.array(0.5)),
    ]  # fmt: skip
    for drawn in draws:
        assert type(drawn) is np.ndarray and drawn.shape == ()
    assert g.rand((2, 0, 3)).shape == (2, 0, 3)
    assert g.normal((4, 5), np.float16).dtype == np.float16
    assert g.fractional_samples(2, 3).shape == (2, 3, 2)
    assert g.multinomial(np.ones((4, 3)), 2).shape == (4, 2)
    assert g.randperm(0).shape == (0,) and g.randperm(3, np.float32).dtype == np.float32


@pytest.mark.parametrize("n", (2047, 2048, 2049, 5000))
def test_randperm_without_a_loop_is_the_loop(n):
    targets = (np.arange(n - 1) + seeded(n)._words(n - 1) % np.arange(n, 1, -1).astype(np.uint64)).tolist()
    order = list(range(n))
    for i, j in enumerate(targets):
        order[i], order[int(j)] = order[int(j)], order[i]
    assert seeded(n).randperm(n).tolist() == order


def test_moments():
    g = seeded(1)
    assert abs(g.normal(200_000, np.float32, 1.0, 2.0).mean() - 1.0) < 0.02
    assert abs(g.dropout_mask(200_000, 0.9).mean() - 0.9) < 0.005
    assert abs(g.standard_gamma(np.full(20_000, 0.5)).mean() - 0.5) < 0.02
    assert abs(g.binomial(np.full(5000, 100.0), np.full(5000, 0.3)).mean() - 30) < 0.3
    inside = g.trunc_normal(20_000, np.float32, 0.0, 1.0, -1.0, 0.5)
    assert -1 <= inside.min() and inside.max() <= 0.5
    assert set(g.dropout_mask(10, 1.0).tolist()) == {True} and set(g.dropout_mask(10, 0.0).tolist()) == {False}


# ---- seeds and state
def test_seeds():
    g = Generator()
    assert g.initial_seed() == 67280421310721 and g.device == "cpu"
    assert g.manual_seed(-1) is g and g.initial_seed() == 2**64 - 1
    assert g.manual_seed(np.int64(3)).initial_seed() == 3
    assert g.seed() == g.initial_seed()
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="Overflow when unpacking long long"):
            g.manual_seed(seed)
    for seed, kind in ((1.5, "float"), (True, "bool"), ("a", "str"), (None, "NoneType")):
        with pytest.raises(RuntimeError, match=f"manual_seed expected a long, but got {kind}"):
            g.manual_seed(seed)
    with pytest.raises(RuntimeError, match="device string: foo"):
        Generator("foo")
    np.testing.assert_array_equal(seeded(7).rand(3), seeded(7 + 2**32).rand(3))


def test_default_generator():
    before = streams.default_generator.get_state()
    try:
        assert streams.manual_seed(1.9) is streams.default_generator and streams.initial_seed() == 1
        np.testing.assert_array_equal(streams.default_generator.rand(4), seeded(1).rand(4))
        assert streams.seed() == streams.initial_seed()
    finally:
        streams.default_generator.set_state(before)


@pytest.mark.parametrize("drawn", (0, 1, 8, 623, 624, 625))
def test_state_is_the_place_in_the_stream(drawn):
    g = seeded(9)
    g.rand(drawn)
    g.normal(1)
    copies = [Generator(), copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()]
    copies[0].set_state(g.get_state())
    state = g.get_state()
    assert state.shape == (5056,) and state.dtype == np.uint8
    expected = [g.normal(3), g.rand(700)]
    for other in copies:
        assert other is not g and other.initial_seed() == 9
        np.testing.assert_array_equal(other.get_state(), state)
        np.testing.assert_array_equal(other.normal(3), expected[0])
        np.testing.assert_array_equal(other.rand(700), expected[1])


def test_refused_states():
    g = seeded()
    for state, error, words in (
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
        (np.zeros(10, np.uint8), RuntimeError, "size 5056 but found the input RNG state size to be 10"),
        (np.zeros(5056, np.float32), TypeError, "RNG state must be a torch.ByteTensor"),
        (3, TypeError, "expected a torch.ByteTensor, but got int"),
    ):
        with pytest.raises(error, match=words):
            g.set_state(state)
    for refused in (g.get_offset, lambda: g.set_offset(1)):
        with pytest.raises(RuntimeError, match="CPU Generator does not use offset"):
            refused()


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda g: g.normal(3, np.float32, 0, -1.5), RuntimeError, "normal expects std >= 0.0, but found std -1.5"),
        (lambda g: g.normal(3, np.int64), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Long'"),
        (lambda g: g.rand(3, np.int64), NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
        (lambda g: g.uniform(3, np.float32, 2, 1), RuntimeError, r"but found from=2 > to=1"),
        (lambda g: g.uniform(3, np.float16, 0, 1e6), RuntimeError, "to is out of bounds for c10::Half"),
        (lambda g: g.randint(5, 5, 3), RuntimeError, "less than 'to', but got from=5 >= to=5"),
        (lambda g: g.randint(0, 300, 3, np.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char"),
        (lambda g: g.random_(3, np.uint16), NotImplementedError, "not implemented for 'UInt16'"),
        (lambda g: g.random_(3, np.complex64, 0, 3), RuntimeError, "check_random_bounds handles only"),
        (lambda g: g.random_(3, np.float16, -(2**63)), RuntimeError, "handles only int64, double, float and bfloat16"),
        (lambda g: g.randperm(-1), RuntimeError, "negative dimension -1"),
        (lambda g: g.bernoulli(3, np.float32, 1.5), RuntimeError, "expects p to be in .0, 1., but got p=1.5"),
        (lambda g: g.bernoulli(1, np.float32, np.array([1.5])), RuntimeError, "Expected p_in >= 0 && p_in <= 1"),
        (lambda g: g.exponential(3, np.float32, -1), RuntimeError, "lambda > 0.0, but found lambda=-1"),
        (lambda g: g.exponential(3, np.int64), RuntimeError, "dtype must be a floating point but you specified Long"),
        (lambda g: g.geometric(3, np.float32, 1.0), RuntimeError, r"geometric_ expects p to be in \(0, 1\)"),
        (lambda g: g.log_normal(3, np.float32, 0, 0), RuntimeError, "std > 0.0, but found std=0"),
        (lambda g: g.cauchy(3, np.float32, 0, 0), RuntimeError, "sigma > 0.0, but found sigma=0"),
        (lambda g: g.multinomial(np.ones(3), 4), RuntimeError, "cannot sample n_sample > prob_dist"),
        (lambda g: g.multinomial(np.ones(3), 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
        (lambda g: g.multinomial(np.zeros(3), 2), RuntimeError, "sum of probabilities <= 0"),
        (lambda g: g.multinomial(np.zeros(3), 2, True), RuntimeError, "sum of probabilities <= 0"),
        (lambda g: g.multinomial(-np.ones(3), 2), RuntimeError, "contains either `inf`, `nan` or element < 0"),
        (lambda g: g.multinomial(-np.ones(3), 2, True), RuntimeError, "encountering probability entry < 0"),
        (lambda g: g.multinomial(np.ones(3, int), 2), RuntimeError, "floating-point dtypes for input, got: Long"),
        (lambda g: g.multinomial(np.ones((1, 1, 1)), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
        (lambda g: g.poisson(np.array([-1.0])), RuntimeError, "invalid Poisson rate"),
    ],
)
def test_refused_draws_leave_the_stream_where_it_was(draw, error, words):
    g = seeded()
    with pytest.raises(error, match=words):
        draw(g)
    np.testing.assert_array_equal(g.get_state(), seeded().get_state())


def test_no_warning_escapes_and_the_users_settings_stay():
    g = seeded()
    g._doubles = lambda n: np.zeros(n)  # log(0), and tan at its pole
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert np.isinf(g.geometric(3, np.float32, 0.5)).all()
        g.geometric(3, np.int64, 0.5)
        g.cauchy(3, np.float16, 0.0, 1e30)
        assert np.isinf(g.log_normal(3, np.float16, 800.0, 1.0)).all()
        assert np.isinf(g.log_normal(100_000, np.float64, 800.0, 1.0)).all()
        g.exponential(100, np.float32)
        g.multinomial(np.ones(3), 2)
        g.normal(100, np.float16, 0.0, 1e30)
        g.trunc_normal(50, np.float32, 0.0, 1.0, 1.5, 2.0)
        assert np.geterr() == dict.fromkeys(("divide", "over", "under", "invalid"), "raise")
    with pytest.warns(UserWarning, match="out of bounds"):
        g.randint(0, 2**40, 3, np.float32)


def test_threads_share_a_stream_without_losing_a_number():
    g, drawn = seeded(2), []
    threads = [threading.Thread(target=lambda: drawn.extend(g.rand(40_000) for _ in range(5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = seeded(2).rand(800_000).reshape(20, -1)
    assert {part.tobytes() for part in drawn} == {part.tobytes() for part in whole}


# ---- PyTorch, bit for bit
def equal(array, tensor):
    if array.dtype.name == "bfloat16":
        import torch

        array, tensor = array.view(np.int16), tensor.view(torch.int16)
    expected = tensor.numpy()
    assert array.dtype == expected.dtype and array.shape == expected.shape
    np.testing.assert_array_equal(array, expected)


def both(name, values):
    """The same numbers as an array and as a tensor of that dtype."""
    import torch

    tensor = torch.from_numpy(np.asarray(values)).to(getattr(torch, name))
    if name == "bfloat16":
        return tensor.view(torch.int16).numpy().view(numpy_dtype(name)), tensor
    return tensor.numpy(), tensor


def torch_stream(seed):
    torch = pytest.importorskip("torch")
    return torch, seeded(seed), torch.Generator().manual_seed(seed)


def same_place(ours, theirs):
    np.testing.assert_array_equal(ours.get_state(), theirs.get_state().numpy())


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FLOATS)
def test_real_draws_are_pytorchs(seed, name):
    torch, g, t = torch_stream(seed)
    dtype, kind = numpy_dtype(name), getattr(torch, name)
    for n in SIZES:
        empty = torch.empty(n, dtype=kind)
        equal(g.rand(n, dtype), torch.rand(n, dtype=kind, generator=t))
        for low, high in ((-1.0, 1.0), (0.1, 0.7), (-0.02, 0.05), (3.3, 1000.7)):
            equal(g.uniform(n, dtype, low, high), empty.uniform_(low, high, generator=t))
        for mean, std in ((0.0, 1.0), (0.3, 2.7), (0.0, 0.02), (1.0, 0.0)):
            equal(g.normal(n, dtype, mean, std), empty.normal_(mean, std, generator=t))
            strided = torch.empty(n, 2, dtype=kind)[:, 0].normal_(mean, std, generator=t)
            equal(g.normal(n, dtype, mean, std, contiguous=n == 1), strided)
        equal(g.exponential(n, dtype, 1.7), empty.exponential_(1.7, generator=t))
        equal(g.log_normal(n, dtype, 0.3, 1.2), empty.log_normal_(0.3, 1.2, generator=t))
        equal(g.cauchy(n, dtype, 0.3, 1.2), empty.cauchy_(0.3, 1.2, generator=t))
        equal(g.random_(n, dtype), empty.random_(generator=t))
        equal(g.random_(n, dtype, 5), empty.random_(5, None, generator=t))
        for bounds in ((0, 1, -2, 2), (0, 0.02, -0.04, 0.04), (0, 1, 1.5, 2), (0, 1, -0.1, 0.2)):
            equal(g.trunc_normal(n, dtype, *bounds), torch.nn.init.trunc_normal_(empty, *bounds, generator=t))
        same_place(g, t)


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_counting_draws_are_pytorchs(seed, name):
    torch, g, t = torch_stream(seed)
    dtype, kind = numpy_dtype(name), getattr(torch, name)
    high = 2 if name == "bool" else 100
    for n in SIZES:
        empty = torch.empty(n, dtype=kind)
        equal(g.bernoulli(n, dtype, 0.3), empty.bernoulli_(0.3, generator=t))
        equal(g.random_(n, dtype), empty.random_(generator=t))
        equal(g.randint(0, high, n, dtype), torch.randint(0, high, (n,), dtype=kind, generator=t))
        if name != "bool":
            for p in (0.3, 0.011):
                equal(g.geometric(n, dtype, p), empty.geometric_(p, generator=t))
        same_place(g, t)


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
def test_integers_permutations_and_complex_numbers_are_pytorchs(seed):
    torch, g, t = torch_stream(seed)
    ranges = ((-5, 2**28 - 6), (-5, 2**28 - 5), (-5, 2**28 - 4), (0, 2**40), (-(2**63), 2**63 - 1), (-(2**62), 2**62))
    for n in SIZES:
        for low, high in ranges:
            equal(g.randint(low, high, n), torch.randint(low, high, (n,), generator=t))
        equal(g.random_(n, np.int64, -(2**63)), torch.empty(n, dtype=torch.int64).random_(-(2**63), None, generator=t))
        equal(g.randperm(n), torch.randperm(n, generator=t))
        for name in ("complex64", "complex128"):
            equal(g.rand(n, name), torch.rand(n, dtype=getattr(torch, name), generator=t))
            equal(g.normal(n, name), torch.randn(n, dtype=getattr(torch, name), generator=t))
    equal(g.randperm(30_000), torch.randperm(30_000, generator=t))
    equal(g.normal(100_003), torch.randn(100_003, generator=t))
    equal(g.fractional_samples(2, 3), torch.rand(2, 3, 2, generator=t))
    same_place(g, t)


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FLOATS)
def test_draws_by_weight_are_pytorchs(seed, name):
    torch, g, t = torch_stream(seed)
    values = np.random.default_rng(seed & 0xFFFF)
    for n in SIZES:
        p, tensor = both(name, values.random(n))
        equal(g.bernoulli(n, numpy_dtype(name), p), torch.bernoulli(tensor, generator=t))
        weights, tensor = both(name, values.random((2, n)) + 0.1)
        equal(g.multinomial(weights, 1), torch.multinomial(tensor, 1, generator=t))
        equal(g.multinomial(weights, 50, True), torch.multinomial(tensor, 50, True, generator=t))
        if name in ("float32", "float64"):  # narrow weights tie, and PyTorch orders ties by chance
            equal(g.multinomial(weights, n), torch.multinomial(tensor, n, generator=t))
        same_place(g, t)


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ("float32", "float64"))
def test_rejection_and_noise_are_pytorchs(seed, name):
    torch, g, t = torch_stream(seed)
    values = np.random.default_rng(seed & 0xFFFF)
    for n in SIZES[:-1]:
        rates, tensor = both(name, values.choice([0.0, 0.5, 9.99, 10.0, 50.0, 1000.0], n))
        equal(g.poisson(rates), torch.poisson(tensor, generator=t))
        alphas, tensor = both(name, values.choice([0.05, 0.5, 1.0, 3.0, 100.0], n))
        equal(g.standard_gamma(alphas), torch._standard_gamma(tensor, generator=t))
        counts, count_tensor = both(name, values.choice([5.0, 50.0, 1000.0], n))
        p, p_tensor = both(name, values.choice([0.0, 0.01, 0.3, 0.7, 0.99, 1.0], n))
        equal(g.binomial(counts, p), torch.binomial(count_tensor, p_tensor, generator=t))
        x, tensor = both(name, values.standard_normal((n, 2)))
        noise = torch.empty_like(tensor)
        torch.ops.aten.rrelu_with_noise(tensor, noise, 0.125, 1 / 3, True, t)
        equal(g.rrelu_noise(x, 0.125, 1 / 3), noise)
        same_place(g, t)


@pytest.mark.referee
@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_sequences_and_states_are_pytorchs(seed):
    torch, g, t = torch_stream(seed)
    same_place(g, t)
    for n in SIZES:
        for name in ("float64", "float16", "float32"):
            kind = getattr(torch, name)
            equal(g.normal(n, name), torch.randn(n, dtype=kind, generator=t))
            equal(g.rand(n, name), torch.rand(n, dtype=kind, generator=t))
            equal(g.log_normal(n, name), torch.empty(n, dtype=kind).log_normal_(generator=t))
            equal(g.randint(0, 7, n), torch.randint(0, 7, (n,), generator=t))
            same_place(g, t)
    theirs = torch.Generator()
    theirs.set_state(torch.from_numpy(g.get_state()))
    equal(g.normal(5), torch.randn(5, generator=theirs))
    ours = Generator()
    ours.set_state(theirs.get_state().numpy())
    equal(ours.normal(6), torch.randn(6, generator=theirs))
    same_place(ours, theirs)


@pytest.mark.referee
def test_float64_logarithms_of_long_arrays_are_within_an_ulp_or_two():
    torch, g, t = torch_stream(4)
    np.testing.assert_allclose(
        g.exponential(100_000, np.float64),
        torch.empty(100_000, dtype=torch.float64).exponential_(generator=t).numpy(),
        rtol=5e-16,
    )
    expected = torch.randn(100_000, dtype=torch.float64, generator=t).numpy()
    np.testing.assert_allclose(g.normal(100_000, np.float64), expected, rtol=5e-16)
    same_place(g, t)
