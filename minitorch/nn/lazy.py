"""Layers that learn the size of their input from the first one they see.

Until then their parameters have no shape (`parameter.py`); the first call makes them, draws them as the plain layer
would, and turns the layer into the plain one. A state dict of either kind loads into either kind.
https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.lazy.LazyModuleMixin.html
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend import dtype as dtypes
from ..create import tensor
from ..graph.modes import no_grad
from .batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    _NormBase,
)
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, _ConvNd
from .linear import Linear
from .module import Module
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin(Module):
    """A base beside that of a layer: its `initialize_parameters` sees the arguments of the first call.

    A class that derives from it makes uninitialised parameters, and gives them their shapes there. After that call the
    module is of the class `cls_to_become`, if there is one.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # functions of this file and no bound methods: a module that holds itself would stay until a garbage collection
        self._load_hook = self._register_load_state_dict_pre_hook(_load, with_module=True)
        self._initialize_hook = self.register_forward_pre_hook(_infer, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give all parameters and buffers their shapes and numbers, by the arguments of the call."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this module waits for its shape."""
        return any(is_lazy(held) for held in (*self._parameters.values(), *self._buffers.values()))

    def _infer_parameters(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        """Initialise, and become the plain layer.

        Raises:
            RuntimeError: where `initialize_parameters` left something without a shape.
        """
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _lazy_load_hook(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Give what has no shape the shape of what is about to be loaded."""
        for name, held in (*self._parameters.items(), *self._buffers.items()):
            given = state_dict.get(prefix + name)
            if is_lazy(held) and given is not None and not is_lazy(given):
                held.materialize(given.shape)  # type: ignore[union-attr]

    def _replicate_for_data_parallel(self) -> Any:
        raise RuntimeError("Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy forward "
                           "pass to correctly initialize the modules")  # fmt: skip


def _load(module: LazyModuleMixin, *args: Any) -> None:
    module._lazy_load_hook(*args)


def _infer(module: LazyModuleMixin, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    module._infer_parameters(module, args, kwargs)


def _materialize(*wanted: tuple[Any, tuple[int, ...]]) -> None:
    """Give each of them its shape, if it has none."""
    for held, shape in wanted:
        if is_lazy(held):
            held.materialize(shape)


# ---- Linear --------------------------------------------------------------------------------------------------------
class LazyLinear(LazyModuleMixin, Linear):
    """A Linear whose `in_features` is the last size of its first input.

    Args:
        out_features: the size of one sample after it.
        bias: False leaves the bias out.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, if they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take `in_features` from an input."""
        features = input.shape[-1]
        if self.has_uninitialized_params():
            self.in_features = features
            with no_grad():
                _materialize((self.weight, (self.out_features, features)), (self.bias, (self.out_features,)))
                self.reset_parameters()
        if self.in_features == 0:
            if features != self.weight.shape[-1]:
                raise AssertionError(f"The in_features inferred from input: {features} is not equal to in_features from "
                                     f"self.weight: {self.weight.shape[-1]}")  # fmt: skip
            self.in_features = features


# ---- convolutions --------------------------------------------------------------------------------------------------
class _LazyConvXdMixin(LazyModuleMixin, _ConvNd):
    def __init__(self, out_channels: int, bias: bool, device: Any, dtype: Any, **options: Any) -> None:
        super().__init__(0, 0, bias=False, device=device, dtype=dtype, **options)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, if they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take `in_channels` from an input.

        Raises:
            RuntimeError: for another number of dimensions than those with and without a batch.
            ValueError: for channels that groups do not divide.
        """
        if not self.has_uninitialized_params():
            if self.in_channels == 0:  # it was loaded
                self.in_channels = self.weight.shape[0] if self.transposed else self.weight.shape[1] * self.groups
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        ends = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        weight = (ends[0], ends[1] // self.groups, *self.kernel_size)
        _materialize((self.weight, weight), (self.bias, (self.out_channels,)))
        self.reset_parameters()

    def _get_in_channels(self, input: Tensor) -> int:
        single, batch = self.count + 1, self.count + 2
        if input.dim() not in (single, batch):
            raise RuntimeError(
                f"Expected {single}D (unbatched) or {batch}D (batched) input to {type(self).__name__}, but got input of "
                f"size: {input.shape}"
            )
        return int(input.shape[-single])

    def _get_num_spatial_dims(self) -> int:
        return self.count


class _LazyConv(_LazyConvXdMixin):
    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
                 bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(out_channels, bias, device, dtype, kernel_size=kernel_size, stride=stride, padding=padding,
                         dilation=dilation, groups=groups, padding_mode=padding_mode)  # fmt: skip


class LazyConv1d(_LazyConv, Conv1d):
    """A Conv1d whose `in_channels` is that of its first input; the other options are Conv1d's."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A Conv2d whose `in_channels` is that of its first input; the other options are Conv2d's."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A Conv3d whose `in_channels` is that of its first input; the other options are Conv3d's."""

    cls_to_become = Conv3d


class _LazyConvTranspose(_LazyConvXdMixin):
    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                 groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(out_channels, bias, device, dtype, kernel_size=kernel_size, stride=stride, padding=padding,
                         output_padding=output_padding, groups=groups, dilation=dilation, padding_mode=padding_mode)  # fmt: skip


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A ConvTranspose1d whose `in_channels` is that of its first input; the other options are ConvTranspose1d's."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A ConvTranspose2d whose `in_channels` is that of its first input; the other options are ConvTranspose2d's."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A ConvTranspose3d whose `in_channels` is that of its first input; the other options are ConvTranspose3d's."""

    cls_to_become = ConvTranspose3d


# ---- normalization -------------------------------------------------------------------------------------------------
class _LazyNormBase(LazyModuleMixin, _NormBase):
    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        made = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**made)
            if bias:
                self.bias = UninitializedParameter(**made)
        if track_running_stats:
            self.running_mean, self.running_var = UninitializedBuffer(**made), UninitializedBuffer(**made)
            self.num_batches_tracked = tensor(0, dtype=dtypes.int64, device=device)

    def reset_parameters(self) -> None:
        """Draw nothing: forget the running statistics; scale 1, shift 0, if they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take `num_features` from an input's channels."""
        if self.num_features == 0:  # also where the parameters were loaded, or there are none
            self.num_features = input.shape[0 if input.dim() == getattr(self, "single", None) else 1]
        if not self.has_uninitialized_params():
            return
        _materialize(*((held, (self.num_features,)) for held in (self.weight, self.bias, self.running_mean, self.running_var)))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """A BatchNorm1d whose `num_features` is that of its first input; the other options are BatchNorm1d's."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """A BatchNorm2d whose `num_features` is that of its first input; the other options are BatchNorm2d's."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """A BatchNorm3d whose `num_features` is that of its first input; the other options are BatchNorm3d's."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNormBase, InstanceNorm1d):
    """An InstanceNorm1d whose `num_features` is that of its first input; affine and tracking unless told otherwise."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, InstanceNorm2d):
    """An InstanceNorm2d whose `num_features` is that of its first input; affine and tracking unless told otherwise."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, InstanceNorm3d):
    """An InstanceNorm3d whose `num_features` is that of its first input; affine and tracking unless told otherwise."""

    cls_to_become = InstanceNorm3d
