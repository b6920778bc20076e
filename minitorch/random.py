"""The names of `torch.random`: the default stream's seed and state, and a block that leaves them as they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .create_random import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, _caller: str = "fork_rng", _devices_kw: str = "devices",
             device_type: str = "cuda") -> Iterator[None]:  # fmt: skip
    """A block after which the default stream continues as if nothing had been drawn in it.

    Every device draws from the one stream of the host, so `devices` and `device_type` change nothing.
    https://docs.pytorch.org/docs/stable/random.html#torch.random.fork_rng
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
