"""Settings small enough for a test: every anchor trains in a fraction of a second."""

from workers.anchors import (
    EfficientNetConfig,
    GPTConfig,
    MobileNetConfig,
    NetworkConfig,
    ResNetConfig,
    ViTConfig,
)
from workers.data import DigitsConfig
from workers.quality import QualityConfig
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import StabilityConfig
from workers.training import TrainingConfig

DATA = DigitsConfig(size=8, train=256, validation=128, test=64, scale=(0.9, 1.0))

NETWORKS: dict[str, NetworkConfig] = {
    "resnet": ResNetConfig(stem=4, widths=(4, 8), depths=(1, 1), strides=(2, 2)),
    "vit": ViTConfig(patch=4, stem=4, width=8, depth=1, heads=2),
    "efficientnet": EfficientNetConfig(
        stem=4, widths=(4, 8), depths=(1, 1), strides=(2, 2), kernels=(3, 5), head=8
    ),
    "gpt": GPTConfig(width=8, depth=1, heads=2),
    "mobilenet": MobileNetConfig(stem=4, widths=(4, 8), depths=(1, 1), strides=(2, 2), head=8),
}

TINY = EvaluationConfig(
    anchors=tuple(AnchorConfig(name, NETWORKS[name]) for name in ("resnet", "vit", "mobilenet")),
    data=DATA,
    training=TrainingConfig(steps=6, batch=8, warmup=2),
    quality=QualityConfig(step=3, threshold=0.0),
    stability=StabilityConfig(steps=4, first_steps=2, batch=4),
    groups=2,
)
