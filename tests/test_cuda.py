import pytest

import minitorch as mt
from minitorch.testing import standin
from minitorch.testing.standin import waits

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


@pytest.mark.skipif(HERE, reason="there is a GPU")
def test_without_a_device_errors_are_pytorchs():
    """On a build of PyTorch without CUDA, the same classes and first sentences."""
    cuda = mt.cuda
    for use in (cuda.current_stream, cuda.default_stream, cuda.get_device_capability, cuda.get_device_properties,
                cuda.get_device_name, cuda.initial_seed, cuda.synchronize, cuda.current_device, cuda.init, cuda.get_rng_state,
                cuda.mem_get_info, cuda.reset_peak_memory_stats):  # fmt: skip
        with pytest.raises(AssertionError, match="^Torch not compiled with CUDA enabled"):
            use()
    with pytest.raises(RuntimeError, match="^Tried to instantiate dummy base class Event"):
        cuda.Event(enable_timing=True)
    with pytest.raises(RuntimeError, match="^torch.cuda.Stream requires CUDA support"):
        cuda.Stream()
    with cuda.stream(None):
        cuda.set_stream(None)
    assert cuda.max_memory_allocated() == cuda.max_memory_reserved() == 0 and cuda.memory_stats() == {}
    assert not cuda.is_bf16_supported() and cuda.get_rng_state_all() == cuda.get_arch_list() == []
    cuda.seed_all()


@pytest.mark.referee
@pytest.mark.skipif(HERE, reason="there is a GPU")
@pytest.mark.parametrize("name", ["current_stream", "default_stream", "get_device_capability", "get_device_properties", "Event",
                                  "get_device_name", "initial_seed", "synchronize", "current_device", "init", "mem_get_info",
                                  "get_rng_state", "Stream", "max_memory_allocated", "max_memory_reserved", "memory_stats",
                                  "memory_reserved", "is_bf16_supported", "get_rng_state_all", "get_arch_list"])  # fmt: skip
def test_without_a_device_the_answers_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    if torch.backends.cuda.is_built():
        pytest.skip("this PyTorch is built for CUDA")
    try:
        wanted = getattr(torch.cuda, name)()
    except Exception as error:
        with pytest.raises(type(error)) as raised:
            getattr(mt.cuda, name)()
        assert str(raised.value).startswith(str(error).splitlines()[0].rstrip("."))
    else:
        assert getattr(mt.cuda, name)() == wanted


class FakeStream:
    """CuPy's stream as far as it is used; the current one is kept by device."""

    current, null, ptr = {}, None, 0

    def __init__(self, non_blocking=False):
        self.ptr, self.log, self.done = id(self), [], True

    def use(self):
        FakeStream.current[mt.cuda.current_device()] = self

    def synchronize(self):
        self.log.append("synchronize")

    def wait_event(self, event):
        self.log.append(("wait", event))


class FakeEvent:
    ptr = 7

    def __init__(self, block=False, disable_timing=False):
        self.asked, self.at, self.done = (block, disable_timing, mt.cuda.current_device()), None, False

    def record(self, stream):
        self.at = stream

    def synchronize(self):
        self.done = True


@pytest.fixture
def streams(device_backend, monkeypatch):
    cuda = device_backend.library.cuda
    FakeStream.null = FakeStream()
    monkeypatch.setattr(FakeStream, "current", {})
    for name, thing in (
        ("Stream", FakeStream),
        ("Event", FakeEvent),
        ("get_current_stream", lambda: FakeStream.current.get(mt.cuda.current_device(), FakeStream.null)),
        ("get_elapsed_time", lambda start, end: 2.5),
    ):
        monkeypatch.setattr(cuda, name, thing, raising=False)


def test_a_stream_is_current_in_its_block_and_on_its_device(streams):
    outer = mt.cuda.current_stream()
    assert outer == mt.cuda.default_stream() and outer.device == mt.device("cuda:0")
    mine = mt.cuda.Stream(device="cuda:1")
    with mt.cuda.stream(mine):
        assert mt.cuda.current_device() == 1 and mt.cuda.current_stream() == mine != outer
        assert mt.cuda.current_stream("cuda:0") == outer
        with mt.cuda.stream(None), mine:
            assert mt.cuda.current_stream() == mine
        assert mt.cuda.current_stream() == mine
    assert mt.cuda.current_device() == 0 and mt.cuda.current_stream() == outer
    assert mt.cuda.current_stream(1) == mt.cuda.default_stream(1) != outer
    mine.synchronize()
    assert mine._stream.log == ["synchronize"] and mine.query()


def test_streams_wait_for_events_of_others(streams):
    first, second = mt.cuda.Stream(), mt.cuda.Stream()
    second.wait_stream(first)
    ((word, event),) = second._stream.log
    assert word == "wait" and event.at is first._stream
    mark = mt.cuda.Event(blocking=True)
    assert mark.query()
    mark.wait(second)
    assert len(second._stream.log) == 1  # not recorded: nothing to wait for
    assert first.record_event(mark) is mark and not mark.query() and mark._event.asked == (True, True, 0)
    mark.synchronize()
    assert mark.query()


def test_events_measure_time_where_both_are_recorded_and_timed(streams):
    start, end = mt.cuda.Event(enable_timing=True), mt.cuda.Event(enable_timing=True)
    with pytest.raises(ValueError, match="Both events must be recorded before calculating elapsed time."):
        start.elapsed_time(end)
    with pytest.raises(ValueError, match="Both events must be created with argument 'enable_timing=True'."):
        start.elapsed_time(mt.cuda.Event())
    start.record()
    end.record(mt.cuda.current_stream())
    assert start.elapsed_time(end) == 2.5 and start._event.asked == (False, False, 0)


def test_the_peak_of_memory_is_followed_from_the_first_question(device_backend, monkeypatch):
    from types import SimpleNamespace

    hooks, held = [], SimpleNamespace(used=100, total=512)
    pool = SimpleNamespace(used_bytes=lambda: held.used, total_bytes=lambda: held.total, free_all_blocks=lambda: None)

    class MemoryHook:
        def __enter__(self):
            hooks.append(self)

    monkeypatch.setattr(device_backend.library, "get_default_memory_pool", lambda: pool)
    monkeypatch.setattr(device_backend.library.cuda, "MemoryHook", MemoryHook, raising=False)

    def take(size):
        held.used += size
        held.total = max(held.total, held.used)
        hooks[0].malloc_postprocess(device_id=0, mem_size=size)

    def give(size):
        held.used -= size
        hooks[0].free_postprocess(device_id=0, mem_size=size)

    cuda = mt.cuda
    assert cuda.max_memory_allocated() == 100 and cuda.max_memory_reserved() == 512 and len(hooks) == 1
    take(500)
    give(500)
    assert cuda.max_memory_allocated(0) == cuda.max_memory_reserved() == 600 and cuda.memory_allocated() == 100
    assert cuda.max_memory_allocated(1) == 100
    cuda.reset_peak_memory_stats()
    take(50)
    assert cuda.max_memory_allocated() == 150 and len(hooks) == 1
    assert cuda.memory_stats() == {"allocated_bytes.all.current": 150, "allocated_bytes.all.peak": 150,
                                   "reserved_bytes.all.current": 600, "reserved_bytes.all.peak": 600}  # fmt: skip
    cuda.memory._watch.clear()


def test_bfloat16_is_supported_by_capability_or_emulated(device_backend, monkeypatch):
    assert mt.cuda.is_bf16_supported() and mt.cuda.is_bf16_supported(including_emulation=False)
    monkeypatch.setattr(mt.cuda, "get_device_capability", lambda: (7, 5))
    assert mt.cuda.is_bf16_supported() and not mt.cuda.is_bf16_supported(including_emulation=False)


def test_the_devices_state_is_that_of_the_one_stream(device_backend):
    state = mt.cuda.get_rng_state()
    wanted = mt.rand(3).tolist()
    mt.cuda.set_rng_state_all([state] * mt.cuda.device_count())
    assert mt.rand(3, device="cuda").tolist() == wanted
    assert len(mt.cuda.get_rng_state_all()) == standin.DEVICES
