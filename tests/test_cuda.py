import pytest

import minitorch as mt
from tests import standin
from tests.standin import waits

HERE = mt.cuda.is_available()


@pytest.mark.skipif(HERE, reason="there is a GPU")
def test_without_a_device_asking_is_answered_and_using_is_refused():
    assert not mt.cuda.is_available()
    assert mt.cuda.device_count() == 0
    assert not mt.cuda.is_initialized()
    assert mt.cuda.memory_allocated() == mt.cuda.memory_reserved() == 0
    mt.cuda.empty_cache()
    for use in (mt.cuda.init, mt.cuda.current_device, mt.cuda.synchronize, mt.cuda.get_device_name,
                mt.cuda.mem_get_info, mt.cuda.initial_seed, lambda: mt.cuda.set_device(0),
                mt.cuda.device(0).__enter__):  # fmt: skip
        with pytest.raises(RuntimeError, match="CUDA"):
            use()


@pytest.mark.skipif(HERE, reason="there is a GPU")
def test_without_a_device_a_seed_for_it_leaves_the_hosts_stream_alone():
    mt.manual_seed(3)
    wanted = mt.rand(4).tolist()
    mt.manual_seed(3)
    mt.cuda.manual_seed(7)
    mt.cuda.manual_seed_all(7)
    mt.cuda.seed()
    assert mt.rand(4).tolist() == wanted


def test_with_a_device_all_is_answered(device_backend):
    assert mt.cuda.is_available()
    assert mt.cuda.is_initialized()
    assert mt.cuda.device_count() == standin.DEVICES
    assert mt.cuda.get_device_name() == mt.cuda.get_device_name("cuda:1") == "stand-in"
    assert mt.cuda.get_device_capability(0) == (9, 0)
    assert mt.cuda.get_device_properties(mt.device("cuda")).total_memory > 0
    free, total = mt.cuda.mem_get_info()
    assert 0 < free <= total
    assert mt.cuda.memory_allocated(1) == 0
    mt.cuda.empty_cache()
    mt.cuda.init()


def test_the_current_device_is_chosen_and_restored(device_backend):
    assert mt.cuda.current_device() == 0
    with mt.cuda.device(1):
        assert mt.cuda.current_device() == 1
        assert mt.zeros(2, device="cuda").device == mt.device("cuda:1")
        with mt.cuda.device(None):
            assert mt.cuda.current_device() == 1
        with mt.cuda.device("cuda:0"):
            assert mt.cuda.current_device() == 0
        assert mt.cuda.current_device() == 1
    assert mt.cuda.current_device() == 0
    mt.cuda.set_device(1)
    assert mt.zeros(2, device="cuda").get_device() == 1
    mt.cuda.set_device(0)


def test_a_device_that_is_no_gpu_is_refused(device_backend):
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        mt.cuda.set_device("cpu")


def test_synchronize_waits(device_backend):
    with waits() as seen:
        mt.cuda.synchronize()
        mt.cuda.synchronize("cuda:1")
    assert len(seen) == 2


def test_the_same_seed_gives_the_same_numbers_on_every_device(device_backend):
    mt.manual_seed(5)
    host = mt.randn(4).tolist()
    mt.cuda.manual_seed(5)
    assert mt.cuda.initial_seed() == 5
    assert mt.randn(4, device="cuda").cpu().tolist() == host
    mt.cuda.seed_all()
    assert mt.cuda.initial_seed() != 5
