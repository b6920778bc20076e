"""Single steps of recurrent networks: RNNCell, LSTMCell and GRUCell.

The state comes in and the next state goes out; the layers over whole sequences are in rnn.py.
"""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..compose.recurrent import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from ..create import empty, zeros
from . import init
from .module import Module
from .parameter import Parameter


class RNNCellBase(Module):
    """What the cells share.

    Args:
        input_size, hidden_size: numbers of the input, and of the state.
        bias: False leaves both biases out.
        num_chunks: how many gates' weights stand one below the other.

    Shape:
        input (N, input_size) and states (N, hidden_size), zeros by default, or all without N -> the next states.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: (num_chunks * hidden_size, input_size) and so on, from U(-k, k) with
            k = 1 / sqrt(hidden_size).
    """

    __constants__ = ["input_size", "hidden_size", "bias"]
    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _batched(self, input: Tensor, states: Any, names: tuple[str, ...]) -> tuple[Tensor, list[Tensor], bool]:
        """(input, states, whether they had a batch dimension), with one; zeros where no states are given.

        Raises:
            ValueError: for numbers of dimensions other than 1 and 2.
        """
        name = self._get_name()
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for what, state in zip(names, states or (), strict=False):
            if state.dim() not in (1, 2):
                raise ValueError(f"{name}: Expected {what} to be 1D or 2D, got {state.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if states is None:
            still = zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            return input, [still] * len(names), batched
        return input, [state if batched else state.unsqueeze(0) for state in states], batched

    def extra_repr(self) -> str:
        said = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            said += f", bias={self.bias}"
        return said


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or the relu of that; see `RNNCellBase`.

    Args:
        nonlinearity: "tanh" or "relu".

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
    """

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]
    nonlinearity: str

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        input, (h,), batched = self._batched(input, None if hx is None else (hx,), ("hidden",))
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        cell = rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell
        after: Tensor = cell(input, h, *self._weights())
        return after if batched else after.squeeze(0)

    def extra_repr(self) -> str:
        said = super().extra_repr()
        return said if self.nonlinearity == "tanh" else f"{said}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """One step of a long short-term memory, whose states are a pair (h, c); see `LSTM` and `RNNCellBase`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        input, states, batched = self._batched(input, hx, ("hx[0]", "hx[1]"))
        h, c = lstm_cell(input, states, *self._weights())
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit; see `GRU` and `RNNCellBase`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        input, (h,), batched = self._batched(input, None if hx is None else (hx,), ("hidden",))
        after: Tensor = gru_cell(input, h, *self._weights())
        return after if batched else after.squeeze(0)
