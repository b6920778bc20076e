"""Drawing one of several classes so that gradients pass: the softmax of logits with Gumbel noise.

E. Jang, S. Gu, B. Poole (2017), https://arxiv.org/abs/1611.01144
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.front import public
from ..ops.transcendental import log
from .norms import softmax


@public("(logits: tensor, tau=1, hard=False, eps=1e-10, dim=-1)", namespace="nn.functional")
def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """softmax((logits + noise) / tau) along `dim`, with noise from PyTorch's stream.

    Args:
        hard: give 1 for the largest and 0 for the others, with the gradient of the softmax.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", UserWarning, stacklevel=3)
    raw = logits._data
    drawn = default_generator.exponential(raw.shape, raw.dtype)
    noise = -log(logits._wrap(backend_of(raw).asarray(drawn)))
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    xp = backend_of(raw)
    array = soft._data
    axis = dim % array.ndim if array.ndim else 0
    if not array.ndim:
        top = soft.detach() == soft.detach()
    else:
        best = xp.expand_dims(array.argmax(axis=axis), axis)
        places = xp.arange(array.shape[axis]).reshape((-1,) + (1,) * (array.ndim - axis - 1))
        top = soft._wrap(best == places)
    return cast(top, dtype=raw.dtype) - soft.detach() + soft
