"""The names of `torch.amp`: autocast regions, in which nothing is cast, and the scaling of losses, which is real.

Ops compute in their tensors' dtype, inside an autocast region as outside. A region that asks for half precision
therefore says once that it changes nothing; half precision itself is `model.half()` or `model.bfloat16()`.
https://docs.pytorch.org/docs/stable/amp.html
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from . import cuda
from ._tensor import Tensor
from .backend import dtype as dt
from .backend.device import Device
from .create import full
from .graph.modes import no_grad

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_available"]

_FAST = {"cpu": dt.bfloat16, "cuda": dt.float16}


def is_autocast_available(device_type: str) -> bool:
    """False: there is no autocast."""
    return False


def get_autocast_dtype(device_type: str) -> dt.dtype:
    """The dtype that an autocast region of that device would compute in if it did not name one."""
    return _FAST[Device(device_type).type]


class autocast:
    """A block, or a decorated function, whose ops stay in their tensors' dtype; disabled, it is PyTorch's to the letter.

    Raises:
        ValueError: for a device type that is no string.
        RuntimeError: for one that does not exist.
    """

    def __init__(self, device_type: str, dtype: dt.dtype | None = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = Device(device_type).type
        self.fast_dtype = _FAST[self.device] if dtype is None else dtype
        if enabled:
            self._say()

    def _say(self) -> None:
        if self.device == "cuda" and not cuda.is_available():
            said = "CUDA is not available or torch_xla is imported. Disabling autocast."
        elif self.fast_dtype not in (dt.bfloat16, dt.float16):
            place = "CPU" if self.device == "cpu" else "CUDA"
            said = (f"In {place} autocast, but the target dtype is not supported. Disabling autocast.\n{place} Autocast only "
                    "supports dtypes of torch.bfloat16, torch.float16 currently.")  # fmt: skip
        else:
            said = (f"There is no autocast to {self.fast_dtype!r}: ops in this region compute in their tensors' dtype, as "
                    "outside. Hint: convert the model and its inputs with .half() or .bfloat16(), or enabled=False.")  # fmt: skip
        warnings.warn(said, UserWarning, stacklevel=3 if type(self) is autocast else 4)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return wrapped


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: dt.dtype | None = None) -> Any:
    """Marks the forward of a Function; `cast_inputs` counts inside an enabled autocast region only, so it is ignored."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs) if fwd is None else fwd


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Marks the backward of a Function."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd


class GradScaler:
    """Scales losses so that small half-precision gradients survive, and skips steps whose gradients overflowed.

    Works as PyTorch's does wherever it is enabled; for `cuda` without a GPU it warns and does nothing.
    https://docs.pytorch.org/docs/stable/amp.html#torch.amp.GradScaler
    """

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:  # fmt: skip
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and not cuda.is_available():
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", UserWarning,
                          stacklevel=2 if type(self) is GradScaler else 3)  # fmt: skip
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._scale, self._growth_factor, self._backoff_factor = float(init_scale), growth_factor, backoff_factor
        self._growth_interval, self._growth_tracker = growth_interval, 0
        self._used = False
        self._stages: dict[int, str] = {}  # of each optimizer by its identity: "unscaled" or "stepped"
        self._overflowed: dict[int, bool] = {}

    def is_enabled(self) -> bool:
        """Whether anything is scaled."""
        return self._enabled

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of several, times the scale.

        Raises:
            ValueError: for anything else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._used = True
            return outputs * full((), self._scale, dtype=dt.float32, device=outputs.device)
        if isinstance(outputs, Iterable):
            scaled = [self.scale(each) for each in outputs]
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _need_use(self, function: str) -> None:
        if not self._used:
            raise AssertionError(f"Attempted {function} but _scale is None.  This may indicate your script did not use "
                                 "scaler.scale(loss or outputs) earlier in the iteration.")  # fmt: skip

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, before they are clipped, say.

        Raises:
            RuntimeError: where that is done already, or after the step.
            ValueError: for float16 gradients.
        """
        if not self._enabled:
            return
        self._need_use("unscale_")
        stage = self._stages.get(id(optimizer))
        if stage == "unscaled":
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if stage == "stepped":
            raise RuntimeError("unscale_() is being called after step().")
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(grad.dtype is dt.float16 for grad in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        with no_grad():
            if grads:
                self._overflowed[id(optimizer)] = not all(bool(grad.isfinite().all()) for grad in grads)
            for grad in grads:
                grad.mul_(1.0 / self._scale)
        self._stages[id(optimizer)] = "unscaled"

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step()`, after unscaling, unless a gradient is inf or nan.

        Raises:
            RuntimeError: for a closure, or a second step before `update`.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._need_use("step")
        stage = self._stages.get(id(optimizer))
        if stage == "stepped":
            raise RuntimeError("step() has already been called since the last update().")
        if stage is None:
            self.unscale_(optimizer)
        if id(optimizer) not in self._overflowed:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None if self._overflowed[id(optimizer)] else optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = "stepped"
        return result

    def update(self, new_scale: Any = None) -> None:
        """Shrink the scale after an overflow, grow it after `growth_interval` steps without one; or set it."""
        if not self._enabled:
            return
        self._need_use("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._overflowed:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._overflowed.values()):
            self._scale, self._growth_tracker = self._scale * self._backoff_factor, 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._scale, self._growth_tracker = self._scale * self._growth_factor, 0
        self._stages.clear()
        self._overflowed.clear()

    def get_scale(self) -> float:
        """The scale; 1.0 where nothing is scaled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """What the scale shall grow by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale shrinks by."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """What the scale shall shrink by."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without overflow let the scale grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """How many steps without overflow shall let the scale grow."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """The scale and what steers it, under PyTorch's names; empty where nothing is scaled."""
        if not self._enabled:
            return {}
        return {"scale": self._scale, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
                "growth_interval": self._growth_interval, "_growth_tracker": self._growth_tracker}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state.

        Raises:
            RuntimeError: for the state of a scaler that did nothing.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError("The source state dict is empty, possibly because it was saved from a disabled instance of "
                               "GradScaler.")  # fmt: skip
        self._scale = float(state_dict["scale"])
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval, self._growth_tracker = state_dict["growth_interval"], state_dict["_growth_tracker"]
