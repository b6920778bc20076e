"""Files: `save` and `load`, safetensors files and the checkpoints of PyTorch, without running anything they say.

https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from .files import load, save
from .refusal import CheckpointError

__all__ = ["CheckpointError", "load", "save"]
