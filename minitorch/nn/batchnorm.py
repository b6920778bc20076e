"""Layers that normalise by statistics over the batch or the sample, and keep running ones.

All share one base, which holds scale, shift and running statistics; BatchNorm and InstanceNorm differ in the functional
they call and in their defaults. https://docs.pytorch.org/docs/stable/nn.html#normalization-layers
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend import dtype as dtypes
from ..create import empty, ones, tensor, zeros
from . import functional as F
from .module import Module
from .normalization import _ScaledAndShifted
from .parameter import Parameter


class _NormBase(_ScaledAndShifted):
    """What all of them share.

    Args:
        num_features: the number of channels C.
        eps: added to the variance.
        momentum: how far the running statistics follow a batch; None for their plain mean over all batches.
        affine: whether there are a scale and a shift per channel.
        track_running_stats: whether there are running statistics; without, a batch's own are used in evaluation too.

    Attributes:
        weight, bias: scale (ones) and shift (zeros), (C); None without `affine`.
        running_mean, running_var: (C), zeros and ones at first; num_batches_tracked: a count. None without tracking.
    """

    _version = 2
    __constants__ = ["track_running_stats", "momentum", "eps", "num_features", "affine"]
    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        made = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(empty(num_features, **made)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_features, **made)) if affine and bias else None)
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **made) if track else None)
        self.register_buffer("running_var", ones(num_features, **made) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=dtypes.int64, device=device) if track else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Running mean 0, running variance 1, no batches."""
        if self.track_running_stats:
            for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
                assert buffer is not None
                buffer.fill_(value)

    def reset_parameters(self) -> None:
        """Forget the running statistics; scale 1, shift 0."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any) -> None:
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.track_running_stats:  # files of long ago have no count
            state_dict.setdefault(prefix + "num_batches_tracked", tensor(0, dtype=dtypes.int64))
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


def _expect(input: Tensor, ranks: tuple[int, ...]) -> None:
    if input.dim() not in ranks:
        raise ValueError(f"expected {' or '.join(f'{rank}D' for rank in ranks)} input (got {input.dim()}D input)")


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        mine = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        out: Tensor = F.batch_norm(
            input, self.running_mean if kept else None, self.running_var if kept else None, self.weight, self.bias, mine, factor,
            self.eps,
        )  # fmt: skip
        return out


class BatchNorm1d(_BatchNorm):
    """Normalises (N, C) or (N, C, L) per channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect(input, (2, 3))


class BatchNorm2d(_BatchNorm):
    """Normalises (N, C, H, W) per channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect(input, (4,))


class BatchNorm3d(_BatchNorm):
    """Normalises (N, C, D, H, W) per channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect(input, (5,))


class SyncBatchNorm(_BatchNorm):
    """BatchNorm for any number of dimensions; with one process, as here, there is nobody to agree with."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, process_group: Any = None, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module itself: with one process BatchNorm does the same."""
        return module


class _InstanceNorm(_NormBase):
    #: The number of dimensions of an input without a batch dimension.
    single: int

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
                 track_running_stats: bool = False, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input: Tensor) -> None:
        _expect(input, (self.single, self.single + 1))

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        channels = input.size(-self.single)
        if channels != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={input.dim() - self.single} to match num_features ({self.num_features}), but "
                    f"got: {channels}."
                )
            import warnings

            warnings.warn(
                f"input's size at dim={input.dim() - self.single} does not match num_features. You can silence this warning by "
                "not passing in num_features, which is not used because affine=False", stacklevel=2,
            )  # fmt: skip
        alone = input.dim() == self.single
        out: Tensor = F.instance_norm(
            input.unsqueeze(0) if alone else input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip
        return out.squeeze(0) if alone else out

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any) -> None:
        version, errors = local_metadata.get("version"), rest[-1]
        if version is None and not self.track_running_stats:  # files of long ago tracked by default
            found = [key for key in (prefix + "running_mean", prefix + "running_var") if key in state_dict]
            if found:
                names, klass = " and ".join(f'"{key}"' for key in found), type(self).__name__
                errors.append(
                    f"Unexpected running stats buffer(s) {names} for {klass} with track_running_stats=False. If state_dict is "
                    f"a checkpoint saved before 0.4.0, this may be expected because {klass} does not track running stats by "
                    "default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually "
                    f"needed, instead set track_running_stats=True in {klass} to enable them. See the documentation of "
                    f"{klass} for details."
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class InstanceNorm1d(_InstanceNorm):
    """Normalises (N, C, L) or (C, L) per sample and channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
    """

    single = 2


class InstanceNorm2d(_InstanceNorm):
    """Normalises (N, C, H, W) or (C, H, W) per sample and channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
    """

    single = 3


class InstanceNorm3d(_InstanceNorm):
    """Normalises (N, C, D, H, W) or (C, D, H, W) per sample and channel; see `_NormBase` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
    """

    single = 4
