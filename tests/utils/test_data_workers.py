"""Worker processes: the same batches whoever fetches them, and every way in which a process can end."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch.utils.data import DataLoader, IterableDataset, TensorDataset, get_worker_info
from tests.twins import outcome, plain

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*use of fork.* may lead to deadlocks:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]
SOON = 10.0  # seconds that a busy machine may need for what takes none


class Numbers:
    """0 to n - 1, each going through `act` in the worker."""

    def __init__(self, n=12, act=lambda index: index):
        self.n, self.act = n, act

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return self.act(index)


def stream_of(lib, n):
    class Stream(lib.utils.data.IterableDataset):
        def __iter__(self):
            info = lib.utils.data.get_worker_info()
            first, step = (info.id, info.num_workers) if info else (0, 1)
            return iter(range(first, n - 3 * first, step))

    return Stream()


def load(dataset, **options):
    return DataLoader(dataset, **{"num_workers": 2, **options})


def alive(pid):
    """Whether the process is there, and not only waiting to be asked how it ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def gone(pids, seconds=SOON):
    """Whether none of the processes is there any more, or will soon be."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        if time.monotonic() >= deadline:
            return not left
        time.sleep(0.02)
    return True


# ---- the same batches --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("with_generator", [False, True])
def test_order_does_not_depend_on_the_number_of_workers(with_generator):
    def run(workers):
        mt.manual_seed(7)
        generator = mt.Generator().manual_seed(1) if with_generator else None
        loader = DataLoader(Numbers(), batch_size=5, shuffle=True, num_workers=workers, generator=generator)
        return [[batch.tolist() for batch in loader] for _ in range(2)], mt.rand(1, generator=generator).item()

    assert run(0) == run(1) == run(4)


@pytest.mark.referee
@pytest.mark.parametrize("persistent", [False, True])
def test_batches_and_random_streams_are_pytorchs(persistent):
    torch = pytest.importorskip("torch")

    def run(lib):
        def draw(index):
            return index, lib.rand(2), random.random(), np.random.rand(), lib.utils.data.get_worker_info().seed

        lib.manual_seed(3)
        make = lib.utils.data.DataLoader
        options = {"num_workers": 2, "persistent_workers": persistent}
        loaders = [make(Numbers(7, draw), 2, shuffle=True, **options), make(stream_of(lib, 17), 2, **options)]
        return [[plain(batch) for batch in loader] for loader in loaders for _ in range(2)], lib.rand(1).item()

    assert str(run(mt)) == str(run(torch))


@pytest.mark.parametrize("in_order", [True, False])
def test_every_index_comes_once_an_epoch(in_order):
    def slow_now_and_then(index):
        time.sleep(0.002 * (index % 7 == 0))
        return index

    loader = load(Numbers(101, slow_now_and_then), batch_size=3, shuffle=True, num_workers=4, in_order=in_order,
                  persistent_workers=True, prefetch_factor=3)  # fmt: skip
    epochs = [[index for batch in loader for index in batch.tolist()] for _ in range(3)]
    assert all(sorted(epoch) == list(range(101)) for epoch in epochs)
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("in_order", [True, False])
def test_every_sample_of_a_shared_stream_comes_once(in_order):
    class Stream(IterableDataset):
        def __iter__(self):
            info = get_worker_info()
            return iter(range(info.id, 50, info.num_workers) if info.id else range(0, 25, info.num_workers))

    found = [i for batch in load(Stream(), batch_size=4, num_workers=3, in_order=in_order) for i in batch.tolist()]
    assert sorted(found) == sorted([*range(0, 25, 3), *range(1, 50, 3), *range(2, 50, 3)])


@pytest.mark.parametrize("method", ["spawn"])
def test_other_ways_to_start(method):
    rows = TensorDataset(mt.arange(6.0).reshape(3, 2), mt.tensor([1, 2, 3], dtype=mt.int8))
    batches = list(load(rows, batch_size=2, num_workers=1, multiprocessing_context=method))
    assert [batch[0].tolist() for batch in batches] == [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]]
    assert batches[0][1].dtype is mt.int8


def test_what_a_batch_may_hold():
    def sample(index):
        return {"x": mt.full((3,), index, dtype=mt.bfloat16), "name": str(index), "leaf": mt.ones(1, requires_grad=True)}

    (batch,) = load(Numbers(2, sample), batch_size=2, collate_fn=lambda samples: samples)
    assert batch[1]["x"].tolist() == [1.0] * 3
    assert batch[1]["x"].dtype is mt.bfloat16
    assert batch[1]["name"] == "1"
    assert batch[1]["leaf"].requires_grad
    batch[1]["x"].add_(1)  # its memory may be written


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_large_arrays(method):
    numbers = mt.arange(2 * 3 * 40_000).reshape(2, 3, 40_000)
    rows = TensorDataset(numbers, numbers.double().transpose(1, 2), mt.tensor([1, 2]))
    batches = list(load(rows, num_workers=1, multiprocessing_context=method))
    for index, (whole, turned, small) in enumerate(batches):
        assert whole.equal(numbers[index : index + 1])
        assert turned.equal(numbers[index : index + 1].double().transpose(1, 2))
        assert small.tolist() == [index + 1]
        whole.zero_()  # one's memory is not another's
    part = batches[0][1][0, :2, 0]
    del rows, batches, whole, turned
    assert part.tolist() == [0.0, 1.0]


def test_a_batch_is_what_it_was_when_it_was_made():
    memory = np.zeros(100_000, np.int32)

    def refill(index):
        memory.fill(index)
        return memory

    loader = load(Numbers(8, refill), batch_size=None, num_workers=1, prefetch_factor=8, collate_fn=lambda sample: sample)
    assert [batch[[0, -1]].tolist() for batch in loader] == [[index] * 2 for index in range(8)]


def test_batches_and_orders_larger_than_a_pipe():
    order = [list(range(40_000)) for _ in range(6)]
    dataset = Numbers(40_000, lambda index: index)
    batches = list(load(dataset, batch_sampler=order, num_workers=1, prefetch_factor=4, collate_fn=np.array))
    assert all(np.array_equal(batch, np.arange(40_000)) for batch in batches)


def test_two_loaders_at_once():
    pairs = [(a.item(), b.item()) for a, b in zip(load(Numbers(6)), load(Numbers(6, lambda index: -index)))]
    assert pairs == [(index, -index) for index in range(6)]


def test_a_worker_knows_itself():
    seen = mt.utils.data.DataLoader(
        Numbers(4, lambda index: (get_worker_info().id, get_worker_info().num_workers, len(get_worker_info().dataset), os.getpid())),
        num_workers=2, worker_init_fn=lambda worker_id: setattr(get_worker_info().dataset, "n", 40 + worker_id), collate_fn=tuple,
    )  # fmt: skip
    found = [batch[0] for batch in seen]
    assert [sample[:3] for sample in found] == [(0, 2, 40), (1, 2, 41)] * 2
    assert os.getpid() not in {sample[3] for sample in found}
    assert get_worker_info() is None


# ---- persistence -------------------------------------------------------------------------------------------------------
def test_persistent_workers_stay_and_a_broken_pass_leaves_nothing():
    loader = load(Numbers(12, lambda index: (index, os.getpid())), shuffle=True, batch_size=2, persistent_workers=True)
    first = [batch[1].tolist() for batch in loader]
    for _ in loader:
        break  # several batches are on their way
    again = list(loader)
    assert {pid for pids in first for pid in pids} == {pid for _, pids in again for pid in pids.tolist()}
    assert sorted(index for indices, _ in again for index in indices.tolist()) == list(range(12))
    pids = {pid for pids in first for pid in pids}
    assert not gone(pids, 0.0)
    del loader
    assert gone(pids)


def test_a_pass_that_is_given_up_ends_its_workers():
    passing = iter(load(Numbers(1000, lambda index: (index, os.getpid()))))
    pids = {int(next(passing)[1]) for _ in range(2)}
    assert len(pids) == 2
    del passing
    assert gone(pids)


# ---- failures ----------------------------------------------------------------------------------------------------------
class Awkward(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


def fail(error):
    def act(index):
        if index == 1:
            raise error
        return index

    return act


ERRORS = {"value": ValueError("no"), "key": KeyError("k"), "awkward": Awkward(1, 2), "stop": RuntimeError("stop")}


@pytest.mark.referee
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_exception_arrives_with_its_traceback(error):
    torch = pytest.importorskip("torch")

    def run(lib):
        passing = iter(lib.utils.data.DataLoader(Numbers(4, fail(error)), num_workers=2))
        next(passing)
        kind, text = outcome(next, passing)
        rest = [batch.tolist() for batch in passing]  # the pass goes on
        lines = text.splitlines()
        return kind, lines[:2], lines[-1], rest

    ours, theirs = run(mt), run(torch)
    assert ours == theirs
    assert ours[1][0] == f"Caught {type(error).__name__} in DataLoader worker process 1."
    assert ours[1][1] == "Original Traceback (most recent call last):"


def broken_start(worker_id):
    raise ValueError(f"worker {worker_id} will not")


class BrokenStream(IterableDataset):
    def __iter__(self):
        raise ValueError("no stream")


def non_leaf(index):
    return mt.ones(1, requires_grad=True) * 2


OTHER_FAILURES = {
    "start": ({"dataset": Numbers(), "worker_init_fn": broken_start}, ValueError, "Caught ValueError in DataLoader worker process 0"),
    "stream": ({"dataset": BrokenStream()}, ValueError, "Caught ValueError in DataLoader worker process 0"),
    "unsendable": ({"dataset": Numbers(4, lambda index: broken_start), "collate_fn": lambda batch: lambda: 0}, Exception, "Caught .*Error in DataLoader worker process 0"),
    "history": ({"dataset": Numbers(4, non_leaf), "collate_fn": list}, RuntimeError, "(?s)Caught RuntimeError.*Cowardly refusing to serialize non-leaf tensor"),
    "timeout": ({"dataset": Numbers(4, lambda index: time.sleep(1.0)), "timeout": 0.1}, RuntimeError, "^DataLoader timed out after 0.1 seconds$"),
    "prefetch": ({"dataset": Numbers(), "prefetch_factor": 0}, AssertionError, "^prefetch_factor must be greater than 0"),
    "killed": ({"dataset": Numbers(4, lambda index: os.kill(os.getpid(), signal.SIGKILL))}, RuntimeError, r"^DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: killed by signal SIGKILL$"),
    "exit": ({"dataset": Numbers(4, lambda index: os._exit(3))}, RuntimeError, r"^DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: exit code 3$"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_FAILURES.values(), ids=OTHER_FAILURES)
def test_other_failures_are_told_and_not_waited_for(case):
    options, error, message = case
    began = time.monotonic()
    with pytest.raises(error, match=message):
        list(load(**options))
    assert time.monotonic() - began < SOON


def test_a_worker_killed_from_outside_and_the_pass_after():
    loader = load(Numbers(100, lambda index: (index, os.getpid(), time.sleep(0.01))[:2]), persistent_workers=True)
    passing = iter(loader)
    os.kill(int(next(passing)[1]), signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly: killed by signal SIGKILL"):
        list(passing)
    with pytest.raises(RuntimeError, match="have exited"):
        next(passing)
    assert len(list(loader)) == 100


# ---- no orphans --------------------------------------------------------------------------------------------------------
PROGRAM = """
    import os, sys, time
    import minitorch as mt

    class Pids:
        def __len__(self):
            return 10_000

        def __getitem__(self, index):
            time.sleep(0.005)
            return os.getpid()

    pids = set()
    for step, batch in enumerate(mt.utils.data.DataLoader(Pids(), num_workers=2, persistent_workers=True)):
        pids.add(batch.item())
        if step == 3:
            print(*pids, flush=True)
"""


@pytest.mark.parametrize("whom", ["group", "parent"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["INT", "TERM", "KILL"])
def test_no_worker_outlives_the_program(number, whom):
    if whom == "group" and number == signal.SIGKILL:
        pytest.skip("kills everything by itself")
    program = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(PROGRAM)]
    run = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        pids = [int(pid) for pid in run.stdout.readline().split()]
        assert len(pids) == 2
        (os.killpg if whom == "group" else os.kill)(run.pid, number)
        _, said = run.communicate(timeout=SOON)
        assert gone(pids)
    finally:
        run.kill()
        run.communicate()
    assert ("KeyboardInterrupt" in said) == (number == signal.SIGINT)
    assert said.count("Traceback") == (number == signal.SIGINT)  # the workers say nothing of their own
