"""Hooks on saved tensors: refused by name, and disabled as in PyTorch."""

import pytest

import minitorch as mt


def hooks(lib):
    return [lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t), lib.autograd.graph.save_on_cpu()]


@pytest.mark.parametrize("place", [0, 1])
def test_they_are_refused_with_a_hint(place):
    mode = hooks(mt)[place]
    with pytest.raises(NotImplementedError, match="Hint: to hold less memory.*checkpoint"), mode:
        pass


def what_disabled_ones_say(lib):
    disable = lib.autograd.graph.disable_saved_tensors_hooks
    said = []

    def enter():
        for mode in hooks(lib):
            with pytest.raises(RuntimeError) as caught, mode:
                pass
            said.append((type(caught.value), str(caught.value)))

    with disable("not here"):
        enter()
        with disable("nor here"):
            enter()
        enter()
    with pytest.raises(TypeError) as caught, disable(1):
        pass
    said.append(str(caught.value).split(".")[0])
    return said


@pytest.mark.referee
def test_disabled_they_raise_the_message():
    assert what_disabled_ones_say(mt) == what_disabled_ones_say(pytest.importorskip("torch"))


def test_after_the_block_they_are_not_disabled():
    with mt.autograd.graph.disable_saved_tensors_hooks("not here"):
        pass
    with pytest.raises(NotImplementedError), hooks(mt)[0]:
        pass
