"""Classifiers of parallel branches, after torchvision, narrow: GoogLeNet with its auxiliary heads, ShuffleNetV2."""

from collections import namedtuple


def googlenet(lib):
    """Inception-v1 with both auxiliary classifiers and torchvision's truncated normal start."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    GoogLeNetOutputs = namedtuple("GoogLeNetOutputs", ["logits", "aux_logits2", "aux_logits1"])

    class BasicConv2d(nn.Module):
        def __init__(self, in_channels, out_channels, **kwargs):
            super().__init__()
            self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
            self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

        def forward(self, x):
            x = self.conv(x)
            x = self.bn(x)
            return F.relu(x, inplace=True)

    class Inception(nn.Module):
        def __init__(self, in_channels, ch1x1, ch3x3red, ch3x3, ch5x5red, ch5x5, pool_proj, conv_block=None):
            super().__init__()
            if conv_block is None:
                conv_block = BasicConv2d
            self.branch1 = conv_block(in_channels, ch1x1, kernel_size=1)
            self.branch2 = nn.Sequential(
                conv_block(in_channels, ch3x3red, kernel_size=1), conv_block(ch3x3red, ch3x3, kernel_size=3, padding=1)
            )
            self.branch3 = nn.Sequential(
                conv_block(in_channels, ch5x5red, kernel_size=1),
                # Here, kernel_size=3 instead of kernel_size=5 is a known bug.
                conv_block(ch5x5red, ch5x5, kernel_size=3, padding=1),
            )
            self.branch4 = nn.Sequential(
                nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
                conv_block(in_channels, pool_proj, kernel_size=1),
            )

        def _forward(self, x):
            branch1 = self.branch1(x)
            branch2 = self.branch2(x)
            branch3 = self.branch3(x)
            branch4 = self.branch4(x)
            outputs = [branch1, branch2, branch3, branch4]
            return outputs

        def forward(self, x):
            outputs = self._forward(x)
            return torch.cat(outputs, 1)

    class InceptionAux(nn.Module):
        def __init__(self, in_channels, num_classes, conv_block=None, dropout=0.7):
            super().__init__()
            if conv_block is None:
                conv_block = BasicConv2d
            self.conv = conv_block(in_channels, 4, kernel_size=1)
            self.fc1 = nn.Linear(64, 16)
            self.fc2 = nn.Linear(16, num_classes)
            self.dropout = nn.Dropout(p=dropout)

        def forward(self, x):
            x = F.adaptive_avg_pool2d(x, (4, 4))
            x = self.conv(x)
            x = torch.flatten(x, 1)
            x = F.relu(self.fc1(x), inplace=True)
            x = self.dropout(x)
            x = self.fc2(x)
            return x

    class GoogLeNet(nn.Module):
        __constants__ = ["aux_logits", "transform_input"]

        def __init__(self, num_classes=6, aux_logits=True, transform_input=True, dropout=0.2, dropout_aux=0.7):
            super().__init__()
            self.aux_logits = aux_logits
            self.transform_input = transform_input
            self.conv1 = BasicConv2d(3, 8, kernel_size=7, stride=2, padding=3)
            self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            self.conv2 = BasicConv2d(8, 8, kernel_size=1)
            self.inception4a = Inception(8, 4, 4, 6, 2, 4, 4)
            self.maxpool2 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            self.inception4b = Inception(18, 6, 4, 6, 2, 4, 4)
            if aux_logits:
                self.aux1 = InceptionAux(18, num_classes, dropout=dropout_aux)
                self.aux2 = InceptionAux(20, num_classes, dropout=dropout_aux)
            else:
                self.aux1 = None
                self.aux2 = None
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.dropout = nn.Dropout(p=dropout)
            self.fc = nn.Linear(20, num_classes)
            for m in self.modules():
                if isinstance(m, nn.Conv2d) or isinstance(m, nn.Linear):
                    torch.nn.init.trunc_normal_(m.weight, mean=0.0, std=0.01, a=-2, b=2)
                elif isinstance(m, nn.BatchNorm2d):
                    nn.init.constant_(m.weight, 1)
                    nn.init.constant_(m.bias, 0)

        def _transform_input(self, x):
            if self.transform_input:
                x_ch0 = torch.unsqueeze(x[:, 0], 1) * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
                x_ch1 = torch.unsqueeze(x[:, 1], 1) * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
                x_ch2 = torch.unsqueeze(x[:, 2], 1) * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
                x = torch.cat((x_ch0, x_ch1, x_ch2), 1)
            return x

        def forward(self, x):
            x = self._transform_input(x)
            x = self.conv2(self.maxpool1(self.conv1(x)))
            x = self.maxpool2(self.inception4a(x))
            aux1 = None
            if self.aux1 is not None and self.training:
                aux1 = self.aux1(x)
            x = self.inception4b(x)
            aux2 = None
            if self.aux2 is not None and self.training:
                aux2 = self.aux2(x)
            x = self.avgpool(x)
            x = torch.flatten(x, 1)
            x = self.dropout(x)
            x = self.fc(x)
            if self.training and self.aux_logits:
                return GoogLeNetOutputs(x, aux2, aux1)
            return x

    target = torch.randint(0, 6, (3,))

    def loss_of(outputs):
        logits = F.cross_entropy(outputs.logits, target)
        return logits + 0.3 * (F.cross_entropy(outputs.aux_logits1, target) + F.cross_entropy(outputs[1], target))

    return GoogLeNet(), (torch.randn(3, 3, 40, 40),), loss_of


def shufflenet_v2(lib):
    torch, nn, F = lib, lib.nn, lib.nn.functional

    def channel_shuffle(x, groups):
        batchsize, num_channels, height, width = x.size()
        channels_per_group = num_channels // groups

        # reshape
        x = x.view(batchsize, groups, channels_per_group, height, width)

        x = torch.transpose(x, 1, 2).contiguous()

        # flatten
        x = x.view(batchsize, num_channels, height, width)

        return x

    class InvertedResidual(nn.Module):
        def __init__(self, inp, oup, stride):
            super().__init__()
            if not (1 <= stride <= 3):
                raise ValueError("illegal stride value")
            self.stride = stride
            branch_features = oup // 2
            if self.stride > 1:
                self.branch1 = nn.Sequential(
                    self.depthwise_conv(inp, inp, kernel_size=3, stride=self.stride, padding=1),
                    nn.BatchNorm2d(inp),
                    nn.Conv2d(inp, branch_features, kernel_size=1, stride=1, padding=0, bias=False),
                    nn.BatchNorm2d(branch_features),
                    nn.ReLU(inplace=True),
                )
            else:
                self.branch1 = nn.Sequential()
            self.branch2 = nn.Sequential(
                nn.Conv2d(inp if (self.stride > 1) else branch_features, branch_features, kernel_size=1, bias=False),
                nn.BatchNorm2d(branch_features),
                nn.ReLU(inplace=True),
                self.depthwise_conv(branch_features, branch_features, kernel_size=3, stride=self.stride, padding=1),
                nn.BatchNorm2d(branch_features),
                nn.Conv2d(branch_features, branch_features, kernel_size=1, stride=1, padding=0, bias=False),
                nn.BatchNorm2d(branch_features),
                nn.ReLU(inplace=True),
            )

        @staticmethod
        def depthwise_conv(i, o, kernel_size, stride=1, padding=0, bias=False):
            return nn.Conv2d(i, o, kernel_size, stride, padding, bias=bias, groups=i)

        def forward(self, x):
            if self.stride == 1:
                x1, x2 = x.chunk(2, dim=1)
                out = torch.cat((x1, self.branch2(x2)), dim=1)
            else:
                out = torch.cat((self.branch1(x), self.branch2(x)), dim=1)

            out = channel_shuffle(out, 2)

            return out

    class ShuffleNetV2(nn.Module):
        def __init__(self, stages_repeats, stages_out_channels, num_classes=5, inverted_residual=InvertedResidual):
            super().__init__()
            self._stage_out_channels = stages_out_channels
            input_channels = 3
            output_channels = self._stage_out_channels[0]
            self.conv1 = nn.Sequential(
                nn.Conv2d(input_channels, output_channels, 3, 2, 1, bias=False),
                nn.BatchNorm2d(output_channels),
                nn.ReLU(inplace=True),
            )
            input_channels = output_channels
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            # Static annotations for mypy
            self.stage2: nn.Sequential
            self.stage3: nn.Sequential
            stage_names = [f"stage{i}" for i in [2, 3]]
            for name, repeats, output_channels in zip(stage_names, stages_repeats, self._stage_out_channels[1:]):
                seq = [inverted_residual(input_channels, output_channels, 2)]
                for _ in range(repeats - 1):
                    seq.append(inverted_residual(output_channels, output_channels, 1))
                setattr(self, name, nn.Sequential(*seq))
                input_channels = output_channels
            self.fc = nn.Linear(input_channels, num_classes)

        def forward(self, x):
            x = self.conv1(x)
            x = self.maxpool(x)
            x = self.stage2(x)
            x = self.stage3(x)
            x = x.mean([2, 3])  # globalpool
            x = self.fc(x)
            return x

    target = torch.randint(0, 5, (4,))
    return ShuffleNetV2([2, 2], [8, 12, 16]), (torch.randn(4, 3, 32, 32),), lambda out: F.cross_entropy(out, target)


MODELS = [googlenet, shufflenet_v2]
