"""Automatic differentiation, as users reach it: grad, backward, Function, and the modes.

The tape itself is in graph/, the rules in ops/; here are PyTorch's names for them.
https://docs.pytorch.org/docs/stable/autograd.html
"""

from .._tensor import Tensor as Variable
from ..graph.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from . import anomaly_mode, functional, graph
from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .checking import GradcheckError, gradcheck, gradgradcheck
from .function import Function
from .gradients import backward, grad

__all__ = ["Function", "GradcheckError", "Variable", "anomaly_mode", "backward", "detect_anomaly", "enable_grad",
           "functional", "grad", "gradcheck", "gradgradcheck", "graph", "inference_mode", "no_grad",
           "set_detect_anomaly", "set_grad_enabled"]  # fmt: skip
