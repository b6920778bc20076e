"""What a training run writes for TensorBoard: `SummaryWriter`. Needs the extra `tensorboard`."""

from .writer import SummaryWriter

__all__ = ["SummaryWriter"]
