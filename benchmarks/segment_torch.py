"""The twin in PyTorch of `segment_keras`: same networks, batch, loss and optimiser."""

import torch
from torch import nn
from torch.nn import functional

from benchmarks import steps_torch, twins

RATES = (12, 24, 36)
CHANNELS = 256


class UNet(nn.Module):
    """Contracting and expanding path, the latter by bilinear upsampling."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(steps_torch.unet_levels())
        widths = [steps_torch.WIDTH * factor for factor in steps_torch.UNET]
        self.up = nn.ModuleList()
        for level in reversed(range(len(widths) - 1)):
            block = steps_torch.unet_block(
                2 * widths[level],
                widths[level],
                widths[max(level - 1, 0)],
            )
            self.up.append(nn.Sequential(*block))
        self.logits = nn.Conv2d(widths[0], 1, 1)

    def forward(self, frames):
        """Map `(batch, 1, size, size)` frames to logits of the same shape."""
        levels = []
        for down in self.down:
            levels.append(down(levels[-1] if levels else frames))
        features = levels.pop()
        for up in self.up:
            grown = functional.interpolate(features, scale_factor=2, mode="bilinear")
            features = up(torch.cat([levels.pop(), grown], dim=1))
        return self.logits(features)


class DeepLabV3(nn.Module):
    """Atrous pyramid on the dilated ResNet-50."""

    def __init__(self):
        super().__init__()
        self.encoder, inputs = steps_torch.resnet50()
        self.branches = nn.ModuleList([_block(inputs, 1)])
        for rate in RATES:
            self.branches.append(_block(inputs, 3, padding=rate, dilation=rate))
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_block(inputs, 1))
        total = CHANNELS * (len(self.branches) + 1)
        self.joined = nn.Sequential(*_block(total, 1), nn.Dropout(0.5))
        self.head = _block(CHANNELS, 3, padding=1)
        self.logits = nn.Conv2d(CHANNELS, 1, 1)

    def forward(self, frames):
        """Map `(batch, 1, size, size)` frames to logits of the same shape."""
        features = self.encoder(frames)
        seen = [branch(features) for branch in self.branches]
        seen.append(self.pooled(features).expand_as(seen[0]))
        logits = self.logits(self.head(self.joined(torch.cat(seen, dim=1))))
        return functional.interpolate(logits, scale_factor=8, mode="bilinear")


def _block(inputs, kernel, **options):
    layers = steps_torch.convolved(inputs, CHANNELS, kernel, bias=False, **options)
    return nn.Sequential(*layers, nn.ReLU())


def loss(logits, masks):
    """Cross-entropy plus soft Dice, in single precision."""
    probability = torch.sigmoid(logits.float())
    both = (probability * masks).sum((1, 2, 3))
    either = (probability + masks).sum((1, 2, 3))
    dice = 1.0 - (2.0 * both + 1.0) / (either + 1.0)
    return functional.binary_cross_entropy(probability, masks) + dice.mean()


def step(network, size, batch, mode, precision):
    """Make a function that trains on a batch or segments it; see `segment_keras`."""
    model = {"unet": UNet, "deeplabv3": DeepLabV3}[network]()
    model = model.to(memory_format=torch.channels_last)
    frames = torch.rand(batch, 1, size, size).to(memory_format=torch.channels_last)
    masks = (torch.rand(batch, 1, size, size) < 0.5).float()
    half = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
    if mode == "infer":
        model.eval()

        def segmented():
            with torch.inference_mode(), half:
                return torch.sigmoid(model(frames).float())

        return segmented
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)

    def trained():
        optimizer.zero_grad()
        with half:
            logits = model(frames)
        total = loss(logits, masks)
        total.backward()
        optimizer.step()
        return total.item()

    return trained


if __name__ == "__main__":
    twins.answer(step)
