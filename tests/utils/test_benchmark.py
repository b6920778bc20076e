import pytest

import minitorch as mt
from minitorch.utils.benchmark import Measurement, Timer


def clock():
    """A clock that moves a millisecond at each look."""
    clock.now += 1e-3
    return clock.now


clock.now = 0.0


def test_a_statement_is_run_as_often_as_asked():
    seen = []
    found = Timer("seen.append(1)", globals={"seen": seen}, timer=clock, label="add", sub_label="one").timeit(200)
    assert len(seen) == 202 and found.number_per_run == 200 and found.median == found.mean == pytest.approx(1e-3 / 200)
    assert "add: one\n  5.00 us\n  1 measurement, 200 runs , 1 thread" in repr(found)


def test_blocks_are_measured_until_the_time_is_full():
    seen = []
    found = Timer("x + 1", globals={"x": mt.zeros(3)}, timer=clock).blocked_autorange(lambda *a: seen.append(a), min_run_time=0.01)
    assert len(found.times) in (10, 11) and seen == [(found.number_per_run, t) for t in found.raw_times]
    assert Timer("pass", timer=clock).adaptive_autorange().meets_confidence()


def test_threads_are_set_while_it_runs_and_put_back():
    before, seen = mt.get_num_threads(), []
    Timer("seen.append(mt.get_num_threads())", globals={"seen": seen, "mt": mt}, timer=clock, num_threads=2).timeit(1)
    assert set(seen) == {2} and mt.get_num_threads() == before
    with pytest.raises(ZeroDivisionError):
        Timer("1 / 0", num_threads=2).timeit(1)
    assert mt.get_num_threads() == before


@pytest.mark.referee
@pytest.mark.parametrize("times", [[3.0], [1.0, 2.0], [4.0, 1.0, 2.0, 8.0, 3.0], [2e-3] * 6])
def test_the_statistics_are_pytorchs(times):
    theirs = pytest.importorskip("torch.utils.benchmark")
    wanted = theirs.Measurement(10, times, theirs.utils.common.TaskSpec("x", "pass", num_threads=2))
    found = Measurement(10, times, stmt="x", num_threads=2)
    for name in ("times", "mean", "median", "iqr"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name))
    if wanted.meets_confidence():
        assert repr(found).splitlines()[1:] == [line for line in repr(wanted).splitlines()[1:] if line]


def test_what_is_not_there_says_what_is():
    with pytest.raises(AttributeError, match="there are Timer and Measurement"):
        mt.utils.benchmark.Compare  # noqa: B018
    with pytest.raises(NotImplementedError, match="Python"):
        Timer("x;", language="c++")
