import numpy as np
import pytest

import minitorch as mt
from minitorch.utils import model_zoo
from minitorch.utils.dlpack import from_dlpack, to_dlpack


def test_a_capsule_and_an_object_share_memory():
    x = mt.arange(4.0)
    for y in (from_dlpack(to_dlpack(x)), from_dlpack(x), from_dlpack(x.numpy())):
        assert y.dtype is mt.float32 and y.data_ptr() == x.data_ptr()


@pytest.mark.referee
def test_capsules_go_both_ways_with_pytorch():
    torch = pytest.importorskip("torch")
    from torch.utils import dlpack

    x = torch.arange(3.0)
    y = from_dlpack(dlpack.to_dlpack(x))
    y += 1
    assert x.tolist() == [1, 2, 3] and dlpack.from_dlpack(to_dlpack(y)).data_ptr() == x.data_ptr()


def test_a_capsule_is_opened_once():
    capsule = to_dlpack(mt.zeros(2))
    from_dlpack(capsule)
    with pytest.raises(RuntimeError, match="from_dlpack received an invalid capsule"):
        from_dlpack(capsule)


@pytest.mark.parametrize("value", [3, None, [1.0]])
def test_what_is_no_tensor_is_refused(value):
    with pytest.raises(RuntimeError, match="^from_dlpack received an invalid capsule"):
        from_dlpack(value)
    with pytest.raises(TypeError, match="must be Tensor"):
        to_dlpack(value)


def test_nothing_is_downloaded():
    with pytest.raises(NotImplementedError, match="minitorch.load"):
        model_zoo.load_url("https://host/weights.pth")
    assert np.asarray(mt.zeros(1)).shape == (1,)
