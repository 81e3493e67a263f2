"""The twin in PyTorch of `steps_keras`: same networks, batch, loss and optimiser."""

import sys

import torch
from torch import nn
from torch.nn import functional

from benchmarks import twins

BLOCKS = (3, 4, 6, 3)
DILATIONS = ((1, 1), (1, 1), (1, 2), (2, 4))
WIDTH = 64
UNET = (1, 2, 4, 8, 8)


class Bottleneck(nn.Module):
    """Residual block of ResNet-50, the stride in its first convolution, as in Keras."""

    def __init__(self, inputs, channels, stride, dilation, enters):
        super().__init__()
        self.body = nn.Sequential(
            *convolved(inputs, channels, 1, stride=stride),
            nn.ReLU(),
            *convolved(channels, channels, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            *convolved(channels, 4 * channels, 1),
        )
        self.shortcut = nn.Sequential()
        if enters:
            self.shortcut.extend(convolved(inputs, 4 * channels, 1, stride=stride))

    def forward(self, features):
        """Map `(batch, inputs, height, width)` features."""
        return functional.relu(self.body(features) + self.shortcut(features))


def convolved(inputs, outputs, kernel, **options):
    """A convolution and its batch norm."""
    return nn.Conv2d(inputs, outputs, kernel, **options), nn.BatchNorm2d(outputs)


def resnet50():
    """Dilated ResNet-50 for one channel, without its head."""
    layers = [*convolved(1, WIDTH, 7, stride=2, padding=3), nn.ReLU()]
    layers.append(nn.MaxPool2d(3, stride=2, padding=1))
    inputs = WIDTH
    for stage, (first, rest) in enumerate(DILATIONS):
        for block in range(BLOCKS[stage]):
            channels = WIDTH * 2**stage
            stride = 2 if stage == 1 and block == 0 else 1
            dilation = rest if block else first
            layers.append(Bottleneck(inputs, channels, stride, dilation, block == 0))
            inputs = 4 * channels
    return nn.Sequential(*layers), inputs


def unet():
    """Contracting path of the UNet."""
    levels = unet_levels()
    return nn.Sequential(*levels), WIDTH * UNET[-1]


def unet_levels():
    """Levels of that path, each from the map of the one before."""
    levels, inputs = [], 1
    for level, factor in enumerate(UNET):
        pool = [nn.MaxPool2d(2)] if level else []
        channels = WIDTH * factor
        levels.append(nn.Sequential(*pool, *unet_block(inputs, channels, channels)))
        inputs = channels
    return levels


def unet_block(inputs, *channels):
    """Layers of as many convolutions as there are numbers of channels."""
    layers = []
    for outputs in channels:
        layers += convolved(inputs, outputs, 3, padding=1, bias=False)
        layers.append(nn.ReLU())
        inputs = outputs
    return layers


def nt_xent(projections, temperature=0.1):
    """NT-Xent of `(2 batch, dim)` projections, the mean over all views."""
    units = functional.normalize(projections.float())
    logits = units @ units.T / temperature
    logits.fill_diagonal_(-torch.inf)
    half = len(units) // 2
    partners = torch.arange(len(units)).roll(half)
    return functional.cross_entropy(logits, partners)


def step(network, size, batch, mode, precision):
    """Make a function that takes one SimCLR step; see `steps_keras.step`."""
    if mode != "network":
        sys.exit("the twin draws no views")
    base, channels = {"resnet50": resnet50, "unet": unet}[network]()
    head = nn.Sequential(
        nn.Linear(channels, channels, bias=False),
        nn.BatchNorm1d(channels),
        nn.ReLU(),
        nn.Linear(channels, 128),
    )
    model = nn.Sequential(base, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-6)
    frames = torch.rand(batch, 1, size, size).repeat(2, 1, 1, 1)
    frames = (4.0 * frames - 1.0).to(memory_format=torch.channels_last)
    half = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def taken():
        optimizer.zero_grad()
        with half:
            projections = model(frames)
        loss = nt_xent(projections)
        loss.backward()
        optimizer.step()
        return loss.item()

    return taken


if __name__ == "__main__":
    twins.answer(step)
