"""Datasets, samplers, collating and the loader in one process: PyTorch's samples, order, errors and warnings."""

import collections
import json
import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt
from tests.twins import assert_same, outcome, plain, warned


@pytest.fixture
def twins():
    torch = pytest.importorskip("torch")
    before = torch.get_rng_state(), mt.get_rng_state()
    yield mt, torch
    torch.set_rng_state(before[0])
    mt.set_rng_state(before[1])


class Squares:
    """A dataset that is none of the library's classes."""

    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index, index * index


def stream_of(lib, n, length=None):
    class Stream(lib.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    if length is not None:
        Stream.__len__ = lambda self: length
    return Stream()


# ---- order -------------------------------------------------------------------------------------------------------------
ORDERS = {
    "in order": {},
    "shuffled": {"shuffle": True},
    "batches of 3": {"shuffle": True, "batch_size": 3},
    "full batches": {"shuffle": True, "batch_size": 3, "drop_last": True},
    "batches that fit": {"shuffle": True, "batch_size": 5, "drop_last": True},
    "single samples": {"shuffle": True, "batch_size": None},
}


@pytest.mark.referee
@pytest.mark.parametrize("with_generator", [False, True])
@pytest.mark.parametrize("options", ORDERS.values(), ids=ORDERS)
def test_order_is_pytorchs_epoch_after_epoch(twins, options, with_generator):
    def run(lib):
        lib.manual_seed(11)
        generator = lib.Generator().manual_seed(5) if with_generator else None
        loader = lib.utils.data.DataLoader(Squares(), **options, generator=generator)
        epochs = [[plain(batch) for batch in loader] for _ in range(3)]
        next(iter(loader))  # a pass that is given up leaves its mark too
        after = lib.rand(1, generator=generator).tolist()
        return len(loader), epochs, lib.rand(1).tolist(), after

    ours, theirs = (run(lib) for lib in twins)
    assert str(ours) == str(theirs)


SAMPLERS = {
    "sequential": lambda data, lib, g: data.SequentialSampler(range(7)),
    "random": lambda data, lib, g: data.RandomSampler(range(70), generator=g),
    "random, large": lambda data, lib, g: data.RandomSampler(range(3000), generator=g),
    "more than there are": lambda data, lib, g: data.RandomSampler(range(7), num_samples=17, generator=g),
    "exactly twice": lambda data, lib, g: data.RandomSampler(range(7), num_samples=14, generator=g),
    "replacement": lambda data, lib, g: data.RandomSampler(range(50), True, 70, g),
    "subset": lambda data, lib, g: data.SubsetRandomSampler([3, 1, 4, 15], g),
    "weighted": lambda data, lib, g: data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 50, generator=g),
    "weighted tensor": lambda data, lib, g: data.WeightedRandomSampler(lib.arange(9.0), 8, False, g),
    "batches": lambda data, lib, g: data.BatchSampler(data.RandomSampler(range(10), generator=g), 3, False),
    "full batches": lambda data, lib, g: data.BatchSampler(data.RandomSampler(range(10), generator=g), 3, True),
    "rank 1 of 3": lambda data, lib, g: data.DistributedSampler(range(10), 3, 1),
    "rank 2 of 3, full": lambda data, lib, g: data.DistributedSampler(range(10), 3, 2, drop_last=True),
    "rank 4 of 5 for two": lambda data, lib, g: data.DistributedSampler(range(2), 5, 4, shuffle=False, seed=3),
}


@pytest.mark.referee
@pytest.mark.parametrize("with_generator", [False, True])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_samplers_draw_pytorchs_indices(twins, make, with_generator):
    def run(lib):
        lib.manual_seed(4)
        generator = lib.Generator().manual_seed(1) if with_generator else None
        sampler = make(lib.utils.data, lib, generator)
        passes = [list(sampler), list(sampler), next(iter(sampler)), lib.rand(1, generator=generator).item()]
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(2)
            passes.append(list(sampler))
        return passes, len(sampler), lib.rand(1).item()

    ours, theirs = (run(lib) for lib in twins)
    assert ours == theirs


SPLITS = {
    "lengths": (range(10), [3, 7]),
    "fractions": (range(31), [0.3, 0.3, 0.4]),
    "nothing left": (range(2), [0.1, 0.1, 0.8]),
    "sum": (range(10), [3, 8]),
    "negative": (range(10), [-0.5, 1.5]),
    "one": (range(1), [1]),
}


@pytest.mark.referee
@pytest.mark.parametrize("case", SPLITS.values(), ids=SPLITS)
def test_random_split(twins, case):
    def run(lib):
        lib.manual_seed(0)

        def split(**options):
            return [list(part.indices) for part in lib.utils.data.random_split(*case, **options)]

        return [warned(outcome, split), warned(outcome, split, generator=lib.Generator().manual_seed(42))]

    ours, theirs = (run(lib) for lib in twins)
    assert ours == theirs


# ---- datasets ----------------------------------------------------------------------------------------------------------
def _old_name(data):
    return data.ConcatDataset([range(3)]).cummulative_sizes


class Doubled:
    """Fetches many at once."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return 2 * index

    def __getitems__(self, indices):
        return [2 * index for index in indices]


class Liar(Doubled):
    def __getitems__(self, indices):
        return []


DATASETS = {
    "abstract": lambda lib, data: data.Dataset()[0],
    "no length": lambda lib, data: len(data.Dataset()),
    "tensors": lambda lib, data: [data.TensorDataset(lib.arange(3), lib.ones(3, 2))[1], len(data.TensorDataset(lib.ones(3)))],
    "rows": lambda lib, data: data.TensorDataset(lib.arange(6).reshape(3, 2))[[0, 2]],
    "concat": lambda lib, data: [data.ConcatDataset([range(3), range(5, 7)])[i] for i in (0, 2, 3, 4, -1, -5)],
    "concat too far": lambda lib, data: data.ConcatDataset([range(3)])[-4],
    "concat nothing": lambda lib, data: data.ConcatDataset([]),
    "concat stream": lambda lib, data: data.ConcatDataset([stream_of(lib, 2)]),
    "sum": lambda lib, data: list((data.Subset(range(4), [1, 2]) + data.Subset(range(9), [8])).cumulative_sizes),
    "sum of streams": lambda lib, data: list(stream_of(lib, 2) + stream_of(lib, 3)),
    "chain": lambda lib, data: len(data.ChainDataset([stream_of(lib, 2, 2), stream_of(lib, 3, 3)])),
    "chain of another": lambda lib, data: list(data.ChainDataset([range(3)])),
    "stack": lambda lib, data: [data.StackDataset(range(3), range(3, 6))[1], len(data.StackDataset(a=range(3)))],
    "stack by name": lambda lib, data: [data.StackDataset(a=range(4), b=Doubled())[1], data.StackDataset(a=range(4), b=Doubled()).__getitems__([0, 3])],
    "stack many": lambda lib, data: data.StackDataset(range(4), Doubled()).__getitems__([0, 3]),
    "stack mixed": lambda lib, data: data.StackDataset(range(3), a=range(3)),
    "stack nothing": lambda lib, data: data.StackDataset(),
    "stack lengths": lambda lib, data: data.StackDataset(range(3), range(4)),
    "stack lies": lambda lib, data: data.StackDataset(range(4), Liar()).__getitems__([0, 3]),
    "subset": lambda lib, data: [data.Subset(Doubled(), [2, 3])[1], data.Subset(Doubled(), [2, 3]).__getitems__([0, 1]), len(data.Subset(Doubled(), [2, 3]))],
    "subset of rows": lambda lib, data: data.Subset(np.arange(5) * 3, [2, 3])[[0, 1]].tolist(),
    "subset of subset": lambda lib, data: data.Subset(data.Subset(range(10), [1, 3, 5]), [2]).__getitems__([0]),
    "half a subset": lambda lib, data: type("Half", (data.Subset,), {"__getitem__": lambda self, i: 0})(range(3), [0]),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("make", DATASETS.values(), ids=DATASETS)
def test_datasets(twins, make):
    ours, theirs = (plain(outcome(make, lib, lib.utils.data)) for lib in twins)
    assert_same(ours, theirs)


def test_tensors_of_different_lengths_are_named():
    with pytest.raises(AssertionError, match="^Size mismatch between tensors: .3,., .2, 4.$"):
        mt.utils.data.TensorDataset(mt.ones(3), mt.ones(2, 4))


@pytest.mark.referee
def test_the_old_spelling_of_cumulative_sizes(twins):
    ours, theirs = (warned(_old_name, lib.utils.data) for lib in twins)
    assert ours == theirs


# ---- collating ---------------------------------------------------------------------------------------------------------
Point = collections.namedtuple("Point", ["x", "y"])


class Row(list):
    pass


class Frozen(collections.abc.Mapping):
    def __init__(self, items):
        self.items_ = dict(items)

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


BATCHES = {
    "ints": lambda lib: [0, 1, 2],
    "bools": lambda lib: [True, False],
    "floats": lambda lib: [0.5, 1.0],
    "texts": lambda lib: ["a", "b"],
    "bytes": lambda lib: [b"a", b"b"],
    "tensors": lambda lib: [lib.ones(2), lib.zeros(2)],
    "shapes": lambda lib: [lib.ones(2), lib.zeros(3)],
    "arrays": lambda lib: [np.ones((2, 1), np.float32), np.zeros((2, 1), np.float32)],
    "array of texts": lambda lib: [np.array(["a"])],
    "array of objects": lambda lib: [np.array([None])],
    "numbers of NumPy": lambda lib: [np.float32(1), np.float32(2)],
    "bools of NumPy": lambda lib: [np.bool_(True), np.bool_(False)],
    "dicts": lambda lib: [{"A": 0, "B": [1, "x"]}, {"A": 5, "B": [2, "y"]}],
    "missing key": lambda lib: [{"A": 0}, {"B": 5}],
    "ordered": lambda lib: [collections.OrderedDict(b=1, a=2.0)] * 2,
    "frozen": lambda lib: [Frozen({"a": 1}), Frozen({"a": 2})],
    "named tuples": lambda lib: [Point(0, 1.0), Point(1, 2.0)],
    "tuples": lambda lib: [(0, 1), (2, 3)],
    "lists": lambda lib: [[0, 1], [2, 3]],
    "rows": lambda lib: [Row([0, 1]), Row([2, 3])],
    "ranges": lambda lib: [range(2), range(2, 4)],
    "uneven": lambda lib: [[0, 1], [2]],
    "empty": lambda lib: [[], []],
    "none": lambda lib: [None],
    "set": lambda lib: [{1}],
    "sparse": lambda lib: [lib.eye(2).to_sparse()],
}


def described(lib, value):
    """Types and contents, the library's name left out."""
    if isinstance(value, lib.Tensor):
        return "tensor", str(value.dtype), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return type(value).__name__, [(key, described(lib, value[key])) for key in value]
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [described(lib, part) for part in value]
    return type(value).__name__, repr(value)


@pytest.mark.referee
@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_collating(twins, make, function):
    def run(lib):
        batch = make(lib)
        if function == "default_convert" and hasattr(batch[0], "is_sparse"):
            return [lib.utils.data.default_convert(part) is part for part in batch]
        return described(lib, outcome(getattr(lib.utils.data, function), batch))

    ours, theirs = (run(lib) for lib in twins)
    assert ours == theirs


def test_the_table_of_leaves_can_be_extended():
    from minitorch.utils.data._utils.collate import collate, default_collate_fn_map

    class Word(str):
        pass

    table = {Word: lambda batch, *, collate_fn_map=None: "+".join(batch), **default_collate_fn_map}
    assert collate([Word("a"), Word("b")], collate_fn_map=table) == "a+b"
    assert collate([(Word("a"), 1), (Word("b"), 2)], collate_fn_map=table)[0] == "a+b"
    assert mt.utils.data.dataloader.default_collate is mt.utils.data._utils.collate.default_collate


# ---- the loader's arguments --------------------------------------------------------------------------------------------
ARGUMENTS = {
    "workers": lambda lib: {"num_workers": -1},
    "timeout": lambda lib: {"timeout": -1},
    "idle timeout": lambda lib: {"timeout": 1},
    "idle prefetch": lambda lib: {"prefetch_factor": 2},
    "prefetch": lambda lib: {"prefetch_factor": -2, "num_workers": 1},
    "idle persistence": lambda lib: {"persistent_workers": True},
    "sampler and shuffle": lambda lib: {"sampler": [1], "shuffle": True},
    "batch sampler and size": lambda lib: {"batch_sampler": [[1]], "batch_size": 2},
    "batch sampler and shuffle": lambda lib: {"batch_sampler": [[1]], "shuffle": True},
    "batch sampler": lambda lib: {"batch_sampler": [[1, 2], [3]]},
    "sampler": lambda lib: {"sampler": [5, 1, 5]},
    "sampler, single": lambda lib: {"sampler": [5, 1, 5], "batch_size": None},
    "no batches to drop": lambda lib: {"batch_size": None, "drop_last": True},
    "no size": lambda lib: {"batch_size": 0},
    "bool size": lambda lib: {"batch_size": True},
    "drop what": lambda lib: {"drop_last": 1},
    "idle context": lambda lib: {"multiprocessing_context": "fork"},
    "unknown context": lambda lib: {"multiprocessing_context": "spoon", "num_workers": 1},
    "no context": lambda lib: {"multiprocessing_context": 3, "num_workers": 1},
    "pinned": lambda lib: {"pin_memory": True},
    "pinned there": lambda lib: {"pin_memory": True, "pin_memory_device": "cuda"},
    "crowd": lambda lib: {"num_workers": 999, "sampler": []},
    "collate": lambda lib: {"collate_fn": len, "batch_size": 4},
    "empty": lambda lib: {"dataset": Squares(0)},
    "empty and shuffled": lambda lib: {"dataset": Squares(0), "shuffle": True},
    "stream": lambda lib: {"dataset": stream_of(lib, 5), "batch_size": 2},
    "stream, full": lambda lib: {"dataset": stream_of(lib, 5), "batch_size": 2, "drop_last": True},
    "stream, single": lambda lib: {"dataset": stream_of(lib, 5), "batch_size": None},
    "stream shuffled": lambda lib: {"dataset": stream_of(lib, 5), "shuffle": True},
    "stream sampled": lambda lib: {"dataset": stream_of(lib, 5), "sampler": [1]},
    "stream in batches": lambda lib: {"dataset": stream_of(lib, 5), "batch_sampler": [[1]]},
    "stream of a length": lambda lib: {"dataset": stream_of(lib, 5, 5), "batch_size": 2},
}


@pytest.mark.referee
@pytest.mark.parametrize("make", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments(twins, make):
    def run(lib):
        options = {"dataset": Squares(), **make(lib)}

        def loaded():
            loader = lib.utils.data.DataLoader(**options)
            if loader.num_workers:
                return len(loader), loader.prefetch_factor
            batches = [plain(batch) for batch in loader]
            return batches, len(loader) if hasattr(loader.dataset, "__len__") else "no length"

        return warned(outcome, loaded)

    ours, theirs = (run(lib) for lib in twins)
    assert str(ours) == str(theirs)


@pytest.mark.referee
def test_a_stream_longer_than_it_said_is_warned_of(twins):
    def run(lib):
        loader = lib.utils.data.DataLoader(stream_of(lib, 3, 2), batch_size=None)
        list(loader)  # nobody asked, so nothing is said
        length = len(loader)
        result, said = warned(list, loader)
        return length, result, [(kind, text.partition(" at 0x")[0].rpartition(".")[2], text.rpartition(">")[2]) for kind, text in said]

    ours, theirs = (run(lib) for lib in twins)
    assert ours == theirs


@pytest.mark.referee
@pytest.mark.parametrize("name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"])
def test_what_may_not_be_changed_later(twins, name):
    ours, theirs = (outcome(setattr, lib.utils.data.DataLoader(Squares()), name, 1) for lib in twins)
    assert ours == theirs
    assert ours[0] == "ValueError"


@pytest.mark.referee
def test_other_arguments_of_samplers(twins):
    def run(lib):
        data = lib.utils.data
        calls = [
            (data.RandomSampler, range(3), 1), (data.RandomSampler, range(3), False, 0), (data.RandomSampler, []),
            (data.WeightedRandomSampler, [1.0], 0), (data.WeightedRandomSampler, [1.0], True),
            (data.WeightedRandomSampler, [1.0], 1, 1), (data.WeightedRandomSampler, [[1.0]], 1),
            (data.BatchSampler, range(3), 0, False), (data.BatchSampler, range(3), 1, None),
            (data.DistributedSampler, range(3), 2, 2), (data.DistributedSampler, range(3), 2, -1),
        ]  # fmt: skip
        return [outcome(*call) for call in calls]

    ours, theirs = (run(lib) for lib in twins)
    assert ours == theirs
    with pytest.raises(ValueError, match="^Default process group has not been initialized"):
        mt.utils.data.DistributedSampler(range(3))


@pytest.mark.referee
def test_the_same_names(twins):
    ours, theirs = (lib.utils.data for lib in twins)
    datapipes = {"DFIterDataPipe", "DataChunk", "IterDataPipe", "MapDataPipe", "argument_validation", "functional_datapipe",
                 "guaranteed_datapipes_determinism", "non_deterministic", "runtime_validation", "runtime_validation_disabled"}  # fmt: skip
    assert set(theirs.__all__) - set(ours.__all__) == datapipes


def test_processes_are_imported_with_the_first_worker():
    program = (
        "import minitorch as mt, sys, json\nlist(mt.utils.data.DataLoader(range(3), shuffle=True))\n"
        "print(json.dumps([name for name in sys.modules if name.split('.')[0] == 'multiprocessing']))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
