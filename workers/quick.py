"""The `quick` settings: about two seconds an anchor on one core, on the embedded digits."""

from workers.anchors import MobileNetConfig, ResNetConfig, ViTConfig
from workers.data import DigitsConfig
from workers.quality import QualityConfig
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import StabilityConfig
from workers.training import TrainingConfig

QUICK = EvaluationConfig(
    anchors=(
        AnchorConfig(
            "resnet", ResNetConfig(stem=8, widths=(8, 16, 32), depths=(1, 1, 1), strides=(1, 2, 2))
        ),
        AnchorConfig("vit", ViTConfig(patch=4, width=48, depth=3, heads=3, expansion=2)),
        AnchorConfig(
            "mobilenet",
            MobileNetConfig(
                stem=8,
                widths=(8, 16, 24),
                depths=(1, 1, 1),
                strides=(1, 2, 2),
                expansion=3,
                head=48,
            ),
        ),
    ),
    data=DigitsConfig(size=12, clutter=0, scale=(0.7, 0.95), tilt=10.0, noise=0.05),
    training=TrainingConfig(steps=120, batch=32, learning_rate=0.2, schedule="cosine"),
    quality=QualityConfig(step=60, factor=2.0),
    stability=StabilityConfig(steps=20, first_steps=10, rate=0.1, threshold=1e8, batch=8),
    groups=4,
)
