"""The `quick` settings: about two seconds an anchor on one core, on the embedded digits.

Chosen by measuring; `python -m tests.benchmarks.calibrate_quick` prints what they can tell apart.
"""

from workers.anchors import MobileNetConfig, ResNetConfig, ViTConfig
from workers.data import DigitsConfig
from workers.quality import QualityConfig
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import StabilityConfig
from workers.training import TrainingConfig

QUICK = EvaluationConfig(
    anchors=(
        AnchorConfig(
            name="resnet",
            network=ResNetConfig(stem=8, widths=(8, 16, 32), depths=(1, 1, 1), strides=(1, 2, 2)),
            learning_rate=0.3,
            quality_step=60,
        ),
        AnchorConfig(
            name="vit",
            network=ViTConfig(patch=4, stem=16, width=48, depth=2, heads=3, expansion=2),
            learning_rate=0.1,
            warmup=40,  # with 20 the score of EvoNorm-S0 spreads twice as far between seeds
            quality_step=80,
        ),
        AnchorConfig(
            name="mobilenet",
            network=MobileNetConfig(
                stem=16,
                stem_stride=2,
                widths=(16, 24),
                depths=(1, 1),
                strides=(1, 2),
                expansion=4,
                head=96,
            ),
            learning_rate=0.2,
            quality_step=70,
        ),
    ),
    data=DigitsConfig(
        size=12,
        scale=(0.8, 1.0),
        tilt=10.0,
        clutter=0,
        ground=(0.0, 0.3),
        contrast=(0.5, 1.0),
        dark=0.5,  # at 0 tanh and affine batch norm passed quality on resnet (one seed)
        noise=0.03,
    ),
    training=TrainingConfig(steps=120, batch=32, schedule="cosine", warmup=20),
    quality=QualityConfig(step=60, factor=2.0),
    # At rates 0.1, 0.5 and 2 the known normalized layers stayed bounded for 40 steps (two seeds).
    stability=StabilityConfig(steps=30, first_steps=10, rate=0.5, threshold=1e8, batch=8),
    groups=4,
)
