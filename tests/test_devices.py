"""The devices that are not there, and the host as one: `mps`, `xpu`, `cpu`."""

import pytest

import minitorch as mt


def test_the_host_is_there_and_never_behind():
    assert mt.cpu.is_available() and mt.cpu.is_initialized() and mt.cpu.device_count() == 1 and mt.cpu.current_device() == "cpu"
    mt.cpu.synchronize()
    with mt.cpu.stream(mt.cpu.current_stream()):
        event = mt.cpu.Event()
        event.record()
        assert event.query()


@pytest.mark.parametrize("device", [mt.mps, mt.xpu])
def test_other_devices_are_not_there(device):
    assert not device.is_available() and device.device_count() == 0


@pytest.mark.referee
@pytest.mark.parametrize("room", ["mps", "xpu"])
def test_what_they_say_is_what_pytorch_says(room):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(mt, room), getattr(torch, room)
    if theirs.is_available():
        pytest.skip("it is there")
    for name in ours.__all__:
        arguments = (1,) if name in ("manual_seed", "manual_seed_all", "set_device") else ()
        try:
            wanted = getattr(theirs, name)(*arguments)
        except (RuntimeError, AssertionError) as error:
            with pytest.raises(type(error)) as raised:
                getattr(ours, name)(*arguments)
            assert str(raised.value).splitlines()[0] == str(error).splitlines()[0], name
        else:
            assert getattr(ours, name)(*arguments) == wanted, name


def test_types_are_what_annotations_name():
    from minitorch.types import Device, Number, _size

    assert isinstance(1.5, Number) and isinstance(mt.device("cpu"), Device) and isinstance(mt.Size([2]), mt.Size | list)
    assert mt.types._dtype is mt.dtype and mt.types._bool is bool and _size is not None
