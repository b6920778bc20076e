"""`SummaryWriter`: what a training run writes for TensorBoard, by the package tensorboardX.

https://docs.pytorch.org/docs/stable/tensorboard.html
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

from ..._tensor import Tensor
from ...backend import dtype as dt

__all__ = ["SummaryWriter"]

INSTALL = 'pip install "minitorch-engine[tensorboard]"'

# Said when the module is imported, as PyTorch does: programs fall back on other logs with `except ImportError`.
if importlib.util.find_spec("tensorboardX") is None:
    raise ImportError(f"SummaryWriter needs the package tensorboardX, which is not installed: {INSTALL}", name="tensorboardX")


def _host(value: Any) -> Any:
    """Tensors as NumPy arrays, in lists, tuples and dicts too; all else as it is."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype is dt.bfloat16 else value).numpy()
    if type(value) in (list, tuple):
        return type(value)(map(_host, value))
    return {key: _host(item) for key, item in value.items()} if type(value) is dict else value


def _number(value: Any) -> Any:
    """A tensor of one element as a Python number; all else as it is."""
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


class SummaryWriter:
    """Writes scalars, histograms, images, figures and text into a file that TensorBoard reads.

    The methods that are not written out here are those of tensorboardX's writer, whose arguments are PyTorch's; tensors
    of any device and dtype may be given to all of them. As a context manager it closes the file at the end.
    """

    def __init__(self, log_dir: Any = None, comment: str = "", purge_step: int | None = None, max_queue: int = 10,
                 flush_secs: int = 120, filename_suffix: str = "") -> None:  # fmt: skip
        library = importlib.import_module("tensorboardX")
        self._writer: Any = library.SummaryWriter(
            log_dir=None if log_dir is None else str(log_dir), comment=comment, purge_step=purge_step,
            max_queue=max_queue, flush_secs=flush_secs, filename_suffix=filename_suffix)  # fmt: skip
        self.log_dir: str = self._writer.logdir

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._writer, name) if name.startswith("add_") else None
        if not callable(found):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        @functools.wraps(found)
        def method(*args: Any, **kwargs: Any) -> Any:
            return found(*map(_host, args), **_host(kwargs))

        return method

    def add_scalar(self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None,
                   new_style: bool = False, double_precision: bool = False) -> None:  # fmt: skip
        """A number, kept as float32 whatever `new_style` and `double_precision` say.

        Raises:
            AssertionError: for a tensor of several elements.
        """
        if isinstance(scalar_value, Tensor) and scalar_value.numel() != 1:
            raise AssertionError("scalar should be 0D")
        self._writer.add_scalar(tag, _number(scalar_value), global_step, walltime)

    def add_scalars(self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: int | None = None,
                    walltime: float | None = None) -> None:  # fmt: skip
        """Several numbers for one plot, each in a file of its own."""
        numbers = {tag: _number(value) for tag, value in tag_scalar_dict.items()}
        self._writer.add_scalars(main_tag, numbers, global_step, walltime)

    def add_hparams(self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], hparam_domain_discrete: Any = None,
                    run_name: str | None = None, global_step: int | None = None) -> None:  # fmt: skip
        """The settings of a run, and what came of it; the lists of possible settings are not written.

        Raises:
            TypeError: where one of the two is no dict.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        settings, metrics = ({key: _number(value) for key, value in given.items()} for given in (hparam_dict, metric_dict))
        self._writer.add_hparams(settings, metrics, run_name, global_step)

    def add_image_with_boxes(self, tag: str, img_tensor: Any, box_tensor: Any, global_step: int | None = None,
                             walltime: float | None = None, rescale: float = 1, dataformats: str = "CHW",
                             labels: Any = None) -> None:  # fmt: skip
        """An image with rectangles on it, given as (xmin, ymin, xmax, ymax)."""
        self._writer.add_image_with_boxes(tag, _host(img_tensor), _host(box_tensor), global_step, walltime, dataformats,
                                          labels, rescale=rescale)  # fmt: skip

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True) -> None:
        """Not there.

        Raises:
            NotImplementedError: always; `viz` draws the graph of a model.
        """
        raise NotImplementedError("add_graph: there is no tracing compiler. Hint: minitorch.viz draws the graph of a result")

    def add_tensor(self, tag: str, tensor: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        """Not there.

        Raises:
            NotImplementedError: always; `save` writes tensors.
        """
        raise NotImplementedError("add_tensor: tensorboardX has no summary of tensors. Hint: add_histogram, or minitorch.save")

    def get_logdir(self) -> str:
        """The folder that is written to."""
        return self.log_dir

    def flush(self) -> None:
        """Write what is still in memory."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is still in memory and close the file."""
        self._writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
