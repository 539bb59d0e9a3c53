"""At full width and stride, with BN-ReLU, the anchors are the published networks.

The oracle is timm: equal numbers of parameters, and with equal weights equal outputs.
"""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from tests.support.published import RESNET_50
from tests.support.timm_layers import timm
from workers.anchors import (
    EfficientNetConfig,
    MobileNetConfig,
    NetworkConfig,
    build_network,
)

PUBLISHED: dict[str, NetworkConfig] = {
    "resnet": RESNET_50,
    "mobilenet": MobileNetConfig(
        stem=32,
        stem_stride=2,
        widths=(16, 24, 32, 64, 96, 160, 320),
        depths=(1, 2, 3, 4, 3, 3, 1),
        strides=(1, 2, 2, 2, 1, 2, 1),
        expansion=6,
        first_expansion=1,
        head=1280,
    ),
    "efficientnet": EfficientNetConfig(
        stem=32,
        stem_stride=2,
        widths=(16, 24, 40, 80, 112, 192, 320),
        depths=(1, 2, 2, 3, 3, 4, 1),
        strides=(1, 2, 2, 2, 1, 2, 1),
        kernels=(3, 3, 5, 3, 5, 5, 3),
        expansion=6,
        first_expansion=1,
        head=1280,
    ),
}
# In millions, as published: He et al. 2016, Sandler et al. 2018, Tan and Le 2019.
MILLIONS = {"resnet": 25.55, "mobilenet": 3.50, "efficientnet": 5.29}
IN_TIMM = {
    "resnet": "resnetv2_50",
    "mobilenet": "mobilenetv2_100",
    "efficientnet": "efficientnet_b0",
}
ACTIVATION = {"resnet": nn.ReLU, "mobilenet": nn.ReLU6, "efficientnet": nn.SiLU}


def batch_norm(activation: Callable[[], nn.Module]) -> Callable[..., nn.Module]:
    """Two parameters a channel, as in the published networks."""

    def layer(num_features: int, apply_act: bool = True) -> nn.Module:
        norm = nn.BatchNorm2d(num_features)
        return nn.Sequential(norm, activation()) if apply_act else norm

    return layer


def network(name: str) -> nn.Module:
    layer = batch_norm(ACTIVATION[name])
    return build_network(name, PUBLISHED[name], layer, (3, 224, 224), 1000, (0,)).module


def in_timm_s_order(name: str, module: nn.Module) -> Iterator[nn.Parameter]:
    """Our parameters in the order of timm's."""
    if name != "resnet":  # one sequence in both
        yield from module.parameters()
        return
    yield module.get_parameter("stem.weight")
    blocks = module.get_submodule("blocks")
    assert isinstance(blocks, nn.Sequential)
    for block in blocks:
        if block.shortcut is not None:
            yield from block.shortcut.parameters()
        for layer, conv in zip(block.layers, block.convs, strict=True):
            yield from layer.parameters()
            yield from conv.parameters()
    for last in ("layer", "head"):
        yield from module.get_submodule(last).parameters()


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_outputs_are_those_of_the_published_network(name: str) -> None:
    ours, theirs = network(name), timm().create_model(IN_TIMM[name])
    count = sum(p.numel() for p in ours.parameters())
    assert count == sum(p.numel() for p in theirs.parameters())
    assert round(count / 1e6, 2) == MILLIONS[name]
    with torch.no_grad():
        for a, b in zip(in_timm_s_order(name, ours), theirs.parameters(), strict=True):
            b.copy_(a.view(b.shape))  # a linear head is a 1x1 convolution in some
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = theirs.train()(x), ours.train()(x)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
