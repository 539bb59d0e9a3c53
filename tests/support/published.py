"""Settings of published networks that more than one test or benchmark needs."""

from workers.anchors import ResNetConfig

#: He et al. 2016.
RESNET_50 = ResNetConfig(
    stem=64,
    widths=(64, 128, 256, 512),
    depths=(3, 4, 6, 3),
    strides=(1, 2, 2, 2),
    bottleneck=True,
    stem_kernel=7,
    stem_stride=2,
    pool=2,
)
