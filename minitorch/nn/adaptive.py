"""The softmax of very many classes by clusters: frequent classes in front, the others behind a few doors.

E. Grave et al., "Efficient softmax approximation for GPUs" (2017), https://arxiv.org/abs/1609.04309
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .._tensor import Tensor
from . import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax over classes in the order of their frequency, and its loss.

    Args:
        in_features, n_classes: sizes of one sample, before and after.
        cutoffs: the first class of each cluster behind the head, ascending.
        div_value: by how much each cluster's inner size is smaller than the one before.
        head_bias: whether the head has a bias.

    Shape:
        (N, in_features) and (N) class numbers, or (in_features) and () -> output (N), or (), and loss ().

    Attributes:
        head: the frequent classes, and one more for each cluster.
        tail: for each cluster two linear layers, without bias.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool
    head: Linear
    tail: ModuleList

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        whole = all(int(cutoff) == cutoff for cutoff in cutoffs)
        if cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1 or not whole:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value "
                "is between 1 and n_classes-1"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        made = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for place in range(self.n_clusters):
            inner = int(in_features // (div_value ** (place + 1)))
            size = self.cutoffs[place + 1] - self.cutoffs[place]
            self.tail.append(
                Sequential(Linear(in_features, inner, bias=False, **made), Linear(inner, size, bias=False, **made))
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for layer in self.tail.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """The log-probability of the targets, and the loss; which clusters there are makes a device wait.

        Raises:
            RuntimeError: for shapes that do not go together, or a target that is no class.
        """
        ndim = target_.dim()
        if ndim == 1:
            if input_.size(0) != target_.size(0):
                raise RuntimeError("Input and target should have the same size in the batch dimension.")
            if input_.dim() != 2:
                raise RuntimeError(
                    f"1D target tensor expects 2D input tensors, but found inputs with size {input_.size()}"
                )
        elif ndim == 0:
            if input_.dim() != 1:
                raise RuntimeError(
                    f"0D target tensor expects 1D input tensors, but found inputs with size {input_.size()}"
                )
        else:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        input, target = (input_, target_) if ndim else (input_.unsqueeze(0), target_.unsqueeze(0))
        if bool(((target < 0) | (target >= self.n_classes)).any()):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )
        output = input.new_zeros(target.size(0))
        chosen = target.clone()
        for place in range(self.n_clusters):
            low, high = self.cutoffs[place], self.cutoffs[place + 1]
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if not rows.numel():
                continue
            logs = F.log_softmax(self.tail[place](input.index_select(0, rows)), dim=1)
            inside = (target.index_select(0, rows) - low).unsqueeze(1)
            output = output.index_copy(0, rows, logs.gather(1, inside).squeeze(1))
            chosen.index_fill_(0, rows, self.shortlist_size + place)
        front = F.log_softmax(self.head(input), dim=1)
        output = output + front.gather(1, chosen.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if ndim else output.squeeze(0), loss)

    def _get_full_log_prob(self, input: Tensor, head_output: Tensor) -> Tensor:
        front = F.log_softmax(head_output, dim=1)
        parts = [front[:, : self.shortlist_size]]
        for place in range(self.n_clusters):
            door = front[:, self.shortlist_size + place].unsqueeze(1)
            parts.append(F.log_softmax(self.tail[place](input), dim=1) + door)
        from ..compose.shapes import cat

        out: Tensor = cat(parts, dim=1)
        return out

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: (N, in_features) -> (N, n_classes)."""
        out: Tensor = self._get_full_log_prob(input, self.head(input))
        return out

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest class of each sample: (N, in_features) -> (N)."""
        head_output = self.head(input)
        output: Tensor = head_output.argmax(dim=1)
        behind = output >= self.shortlist_size
        if not bool(behind.any()):
            return output
        if bool(behind.all()):
            output = self._get_full_log_prob(input, head_output).argmax(dim=1)
            return output
        output[behind] = self._get_full_log_prob(input[behind], head_output[behind]).argmax(dim=1)
        return output
