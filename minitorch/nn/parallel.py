"""The wrappers of `torch.nn.parallel`, on one device: the module is called as it is, and its names keep their prefix."""

from __future__ import annotations

from typing import Any

from .module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """Calls `module`: there is nothing to spread a batch over.

    Its state dict and parameters are named as in PyTorch, `module.weight` and so on.
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.dim, self.module, self.device_ids = dim, module, list(device_ids or [])[:1]
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """The class that programs ask about with `isinstance`; there is one process, so none can be made.

    Raises:
        ValueError: always, as in PyTorch before `init_process_group`.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group. Hint: "
                         "training runs in one process here; use the module itself, or DataParallel for the prefix")  # fmt: skip


def data_parallel(module: Module, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0,
                  module_kwargs: dict[str, Any] | None = None) -> Any:  # fmt: skip
    """`module` of the inputs."""
    given = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*given, **(module_kwargs or {}))
