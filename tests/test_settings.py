import sys

import pytest

import minitorch as mt


@pytest.fixture
def threads():
    before = mt.get_num_threads()
    pools = pytest.importorskip("threadpoolctl").threadpool_info()
    counts = [pool["num_threads"] for pool in pools if pool["user_api"] == "blas" and "numpy" in pool["filepath"]]
    yield counts
    mt.set_num_threads(max(counts, default=1))
    mt.settings._switches["threads"] = before


def blas():
    import threadpoolctl

    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("count", [1, 2])
def test_set_num_threads_sets_those_of_blas(threads, count):
    if not threads:
        pytest.skip("threadpoolctl does not know NumPy's BLAS")
    mt.set_num_threads(count)
    assert mt.get_num_threads() == count and blas() == {count}


def test_without_threadpoolctl_the_number_is_remembered(threads, monkeypatch):
    before = blas()
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    mt.set_num_threads(3)
    assert mt.get_num_threads() == 3
    monkeypatch.undo()
    assert blas() == before


@pytest.mark.parametrize("count", [0, -1, 1.5, "1", None])
def test_a_wrong_number_of_threads_changes_nothing(threads, count):
    before, of_blas = mt.get_num_threads(), blas()
    with pytest.raises(RuntimeError, match="^set_num_threads expects"):
        mt.set_num_threads(count)
    assert mt.get_num_threads() == before and blas() == of_blas


def test_the_default_device_is_set_and_put_back(device_backend):
    assert mt.get_default_device() == mt.device("cpu")
    mt.set_default_device("cuda")
    try:
        assert mt.get_default_device().type == "cuda" and mt.zeros(2).is_cuda
        with mt.device("cpu"):
            assert mt.get_default_device() == mt.device("cpu") and not mt.zeros(2).is_cuda
    finally:
        mt.set_default_device(None)
    assert mt.get_default_device() == mt.device("cpu") and not mt.zeros(2).is_cuda


@pytest.mark.parametrize("enabled", [True, False])
def test_a_fork_leaves_the_stream_as_it_was(enabled):
    mt.manual_seed(4)
    wanted = mt.rand(3).tolist()
    mt.manual_seed(4)
    with mt.random.fork_rng(devices=[], enabled=enabled):
        assert mt.rand(3).tolist() == wanted
    assert (mt.rand(3).tolist() == wanted) is enabled
    mt.manual_seed(4)
    with pytest.raises(KeyError), mt.random.fork_rng():
        mt.rand(9)
        raise KeyError
    assert mt.rand(3).tolist() == wanted
