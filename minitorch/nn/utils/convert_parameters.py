"""All parameters as one vector, and back.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..._tensor import Tensor
from ...compose.shapes import cat
from ...settings import typename


def _on_one_device(parameters: Iterable[Tensor]) -> Iterator[Any]:
    home = None
    for parameter in parameters:
        if home is not None and parameter.device != home:
            raise TypeError("Found two parameters on different devices, this is currently not supported.")
        home = parameter.device
        yield parameter


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters one after the other in one dimension, recorded.

    Raises:
        TypeError: for parameters on several devices.
    """
    found: Tensor = cat([parameter.view(-1) for parameter in _on_one_device(parameters)])
    return found


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Each parameter's data becomes its part of the vector, whose memory it shares.

    Raises:
        TypeError: for something that is no tensor, or parameters on several devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for parameter in _on_one_device(parameters):
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
