"""Classifiers of depthwise convolutions and gates, after torchvision, narrow: MobileNetV2, EfficientNet."""

import copy
import math
from functools import partial


def _make_divisible(v, divisor, min_value=None):
    if min_value is None:
        min_value = divisor
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    # Make sure that round down does not go down by more than 10%.
    if new_v < 0.9 * v:
        new_v += divisor
    return new_v


def _conv_norm_activation(lib):
    nn = lib.nn

    class Conv2dNormActivation(nn.Sequential):
        def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=None, groups=1,
                     norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU, dilation=1, inplace=True, bias=None):  # fmt: skip
            if padding is None:
                padding = (kernel_size - 1) // 2 * dilation
            if bias is None:
                bias = norm_layer is None
            layers = [
                nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation=dilation, groups=groups, bias=bias)
            ]
            if norm_layer is not None:
                layers.append(norm_layer(out_channels))
            if activation_layer is not None:
                params = {} if inplace is None else {"inplace": inplace}
                layers.append(activation_layer(**params))
            super().__init__(*layers)
            self.out_channels = out_channels

    return Conv2dNormActivation


def mobilenet_v2(lib):
    torch, nn, F = lib, lib.nn, lib.nn.functional
    Conv2dNormActivation = _conv_norm_activation(lib)

    class InvertedResidual(nn.Module):
        def __init__(self, inp, oup, stride, expand_ratio, norm_layer=None):
            super().__init__()
            self.stride = stride
            if stride not in [1, 2]:
                raise ValueError(f"stride should be 1 or 2 instead of {stride}")
            if norm_layer is None:
                norm_layer = nn.BatchNorm2d
            hidden_dim = int(round(inp * expand_ratio))
            self.use_res_connect = self.stride == 1 and inp == oup
            layers = []
            if expand_ratio != 1:
                # pw
                layers.append(
                    Conv2dNormActivation(inp, hidden_dim, kernel_size=1, norm_layer=norm_layer, activation_layer=nn.ReLU6)
                )
            layers.extend(
                [
                    # dw
                    Conv2dNormActivation(hidden_dim, hidden_dim, stride=stride, groups=hidden_dim, norm_layer=norm_layer,
                                         activation_layer=nn.ReLU6),
                    # pw-linear
                    nn.Conv2d(hidden_dim, oup, 1, 1, 0, bias=False),
                    norm_layer(oup),
                ]
            )  # fmt: skip
            self.conv = nn.Sequential(*layers)
            self.out_channels = oup
            self._is_cn = stride > 1

        def forward(self, x):
            if self.use_res_connect:
                return x + self.conv(x)
            else:
                return self.conv(x)

    class MobileNetV2(nn.Module):
        def __init__(self, num_classes=5, width_mult=0.25, round_nearest=4, block=InvertedResidual, dropout=0.2):
            super().__init__()
            input_channel = _make_divisible(32 * width_mult, round_nearest)
            self.last_channel = _make_divisible(64 * max(1.0, width_mult), round_nearest)
            features = [Conv2dNormActivation(3, input_channel, stride=2, activation_layer=nn.ReLU6)]
            # t, c, n, s
            for t, c, n, s in [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 2, 2]]:
                output_channel = _make_divisible(c * width_mult, round_nearest)
                for i in range(n):
                    stride = s if i == 0 else 1
                    features.append(block(input_channel, output_channel, stride, expand_ratio=t))
                    input_channel = output_channel
            features.append(
                Conv2dNormActivation(input_channel, self.last_channel, kernel_size=1, activation_layer=nn.ReLU6)
            )
            self.features = nn.Sequential(*features)
            self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out")
                    if m.bias is not None:
                        nn.init.zeros_(m.bias)
                elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                    nn.init.ones_(m.weight)
                    nn.init.zeros_(m.bias)
                elif isinstance(m, nn.Linear):
                    nn.init.normal_(m.weight, 0, 0.01)
                    nn.init.zeros_(m.bias)

        def forward(self, x):
            x = self.features(x)
            # Cannot use "squeeze" as batch-size can be 1
            x = nn.functional.adaptive_avg_pool2d(x, (1, 1))
            x = torch.flatten(x, 1)
            x = self.classifier(x)
            return x

    target = torch.randint(0, 5, (4,))
    return MobileNetV2(), (torch.randn(4, 3, 32, 32),), lambda out: F.cross_entropy(out, target)


def efficientnet(lib):
    """MBConv blocks with squeeze and excitation, SiLU and stochastic depth; copied blocks as in torchvision."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    Conv2dNormActivation = _conv_norm_activation(lib)

    class SqueezeExcitation(nn.Module):
        def __init__(self, input_channels, squeeze_channels, activation=nn.ReLU, scale_activation=nn.Sigmoid):
            super().__init__()
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
            self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
            self.activation = activation()
            self.scale_activation = scale_activation()

        def _scale(self, input):
            scale = self.avgpool(input)
            scale = self.fc1(scale)
            scale = self.activation(scale)
            scale = self.fc2(scale)
            return self.scale_activation(scale)

        def forward(self, input):
            scale = self._scale(input)
            return scale * input

    class StochasticDepth(nn.Module):
        def __init__(self, p, mode):
            super().__init__()
            self.p = p
            self.mode = mode

        def forward(self, input):
            if not self.training or self.p == 0.0:
                return input
            survival_rate = 1.0 - self.p
            if self.mode == "row":
                size = [input.shape[0]] + [1] * (input.ndim - 1)
            else:
                size = [1] * input.ndim
            noise = torch.empty(size, dtype=input.dtype, device=input.device)
            noise = noise.bernoulli_(survival_rate)
            if survival_rate > 0.0:
                noise.div_(survival_rate)
            return input * noise

        def __repr__(self) -> str:
            s = f"{self.__class__.__name__}(p={self.p}, mode={self.mode})"
            return s

    class MBConv(nn.Module):
        def __init__(self, cnf, stochastic_depth_prob, norm_layer, se_layer=SqueezeExcitation):
            super().__init__()
            expand_ratio, kernel, stride, input_channels, out_channels = cnf
            self.use_res_connect = stride == 1 and input_channels == out_channels
            layers = []
            activation_layer = nn.SiLU
            expanded_channels = _make_divisible(input_channels * expand_ratio, 4)
            if expanded_channels != input_channels:
                layers.append(
                    Conv2dNormActivation(input_channels, expanded_channels, kernel_size=1, norm_layer=norm_layer,
                                         activation_layer=activation_layer)
                )  # fmt: skip
            layers.append(
                Conv2dNormActivation(expanded_channels, expanded_channels, kernel_size=kernel, stride=stride,
                                     groups=expanded_channels, norm_layer=norm_layer, activation_layer=activation_layer)
            )  # fmt: skip
            squeeze_channels = max(1, input_channels // 4)
            layers.append(se_layer(expanded_channels, squeeze_channels, activation=partial(nn.SiLU, inplace=True)))
            layers.append(
                Conv2dNormActivation(expanded_channels, out_channels, kernel_size=1, norm_layer=norm_layer,
                                     activation_layer=None)
            )  # fmt: skip
            self.block = nn.Sequential(*layers)
            self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
            self.out_channels = out_channels

        def forward(self, input):
            result = self.block(input)
            if self.use_res_connect:
                result = self.stochastic_depth(result)
                result += input
            return result

    class EfficientNet(nn.Module):
        def __init__(self, settings, dropout=0.2, num_classes=5):
            super().__init__()
            norm_layer = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
            layers = [Conv2dNormActivation(3, 8, stride=2, norm_layer=norm_layer, activation_layer=nn.SiLU)]
            total = sum(repeats for _, repeats in settings)
            block_id = 0
            for cnf, repeats in settings:
                stage = []
                for _ in range(repeats):
                    block_cnf = copy.copy(cnf)
                    if stage:
                        block_cnf[3], block_cnf[2] = block_cnf[4], 1
                    stage.append(MBConv(block_cnf, 0.4 * float(block_id) / total, norm_layer))
                    block_id += 1
                layers.append(nn.Sequential(*stage))
            self.features = nn.Sequential(*layers)
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(12, num_classes))
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out")
                    if m.bias is not None:
                        nn.init.zeros_(m.bias)
                elif isinstance(m, nn.Linear):
                    init_range = 1.0 / math.sqrt(m.out_features)
                    nn.init.uniform_(m.weight, -init_range, init_range)
                    nn.init.zeros_(m.bias)

        def forward(self, x):
            x = self.features(x)
            x = self.avgpool(x)
            x = torch.flatten(x, 1)
            return self.classifier(x)

    target = torch.randint(0, 5, (4,))
    model = EfficientNet([([1, 3, 1, 8, 8], 1), ([4, 3, 2, 8, 12], 2), ([4, 5, 1, 12, 12], 1)])
    return model, (torch.randn(4, 3, 32, 32),), lambda out: F.cross_entropy(out, target)


MODELS = [mobilenet_v2, efficientnet]
