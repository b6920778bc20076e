"""Where PyTorch keeps its layers: `nn.modules.conv._ConvNd`, `nn.modules.loss._Loss` and the like, as other code imports them.

Nothing lives here. Each name of PyTorch's files is looked up in `nn` when it is asked for, so that
`from minitorch.nn.modules.conv import Conv2d` is `nn.Conv2d`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .. import common_types, module
from . import utils

_NN = __name__.rpartition(".")[0]

#: PyTorch's files and what they hold; behind the bar what is not meant for everybody.
_FILES = {
    "activation": "Threshold ReLU RReLU Hardtanh ReLU6 Sigmoid Hardsigmoid Tanh SiLU Mish Hardswish ELU CELU SELU GLU GELU "
                  "Hardshrink LeakyReLU LogSigmoid Softplus Softshrink MultiheadAttention PReLU Softsign Tanhshrink Softmin "
                  "Softmax Softmax2d LogSoftmax",
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": "BatchNorm1d LazyBatchNorm1d BatchNorm2d LazyBatchNorm2d BatchNorm3d LazyBatchNorm3d SyncBatchNorm"
                 " | _NormBase _BatchNorm _LazyNormBase",
    "channelshuffle": "ChannelShuffle",
    "container": "Sequential ModuleList ModuleDict ParameterList ParameterDict",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d "
            "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d | _ConvNd _ConvTransposeNd _LazyConvXdMixin",
    "distance": "PairwiseDistance CosineSimilarity",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout | _DropoutNd",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d"
                    " | _InstanceNorm",
    "lazy": "LazyModuleMixin",
    "linear": "Bilinear Identity LazyLinear Linear | NonDynamicallyQuantizableLinear",
    "loss": "L1Loss NLLLoss NLLLoss2d PoissonNLLLoss GaussianNLLLoss KLDivLoss MSELoss BCELoss BCEWithLogitsLoss "
            "HingeEmbeddingLoss MultiLabelMarginLoss SmoothL1Loss HuberLoss SoftMarginLoss CrossEntropyLoss "
            "MultiLabelSoftMarginLoss CosineEmbeddingLoss MarginRankingLoss MultiMarginLoss TripletMarginLoss "
            "TripletMarginWithDistanceLoss CTCLoss LinearCrossEntropyLoss | _Loss _WeightedLoss",
    "normalization": "LocalResponseNorm CrossMapLRN2d LayerNorm GroupNorm RMSNorm",
    "padding": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d "
               "ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d "
               "ZeroPad3d | _CircularPadNd _ConstantPadNd _ReflectionPadNd _ReplicationPadNd",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": "MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d AvgPool1d AvgPool2d AvgPool3d "
               "FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
               "AdaptiveMaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d | _MaxPoolNd _MaxUnpoolNd _AvgPoolNd "
               "_LPPoolNd _AdaptiveMaxPoolNd _AdaptiveAvgPoolNd",
    "rnn": "RNNBase RNN LSTM GRU RNNCellBase RNNCell LSTMCell GRUCell | apply_permutation",
    "sparse": "Embedding EmbeddingBag",
    "transformer": "Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer TransformerDecoderLayer"
                   " | _get_activation_fn _get_clones",
    "upsampling": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
}  # fmt: skip


class _Alias(ModuleType):
    """A module whose names are looked up in the layers' own files when they are asked for."""

    def __init__(self, name: str, public: list[str], private: list[str]) -> None:
        super().__init__(f"{__name__}.{name}", f"PyTorch's `torch.nn.modules.{name}`.")
        self._listed = {*public, *private}
        self._public = public

    def __getattr__(self, name: str) -> Any:
        value = _find(name) if name in self._listed else None
        if name == "__all__":
            value = [listed for listed in self._public if _find(listed) is not None]
        elif value is None and not name.startswith("__"):  # what every one of PyTorch's files has imported
            value = vars(module).get(name) or vars(utils).get(name) or vars(common_types).get(name)
        if value is None and name in ("F", "init", "Parameter"):
            value = getattr(sys.modules[_NN], {"F": "functional"}.get(name, name))
        if value is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return value

    def __dir__(self) -> list[str]:
        return sorted(name for name in self._listed if _find(name) is not None)


def _find(name: str) -> Any:
    """The layer or helper of that name in `nn`, or else in one of its files; None if there is none."""
    found = getattr(sys.modules[_NN], name, None)
    if found is not None:
        return found
    for home, file in list(sys.modules.items()):
        if home.startswith(f"{_NN}.") and not home.startswith(__name__):
            for called in (name, name.removesuffix("Nd")):
                if called in vars(file):
                    return vars(file)[called]
    return None


for _name, _listed in _FILES.items():
    _public, _, _private = _listed.partition(" | ")
    _made = _Alias(_name, _public.split(), _private.split())
    # an import of the alias finds it here once this package is imported
    sys.modules[_made.__name__] = globals()[_name] = _made
sys.modules[f"{__name__}.module"] = module


def __getattr__(name: str) -> Any:
    public = ["Module", *(listed for file in _FILES.values() for listed in file.partition(" | ")[0].split())]
    if name == "__all__":
        return [listed for listed in public if _find(listed) is not None]
    found = _find(name) if name in public else None
    if found is not None:
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
