"""Causal language model over characters (Radford et al. 2018); score: next-character accuracy."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.anchors.errors import AnchorError
from workers.anchors.transformer import Mode, Placement, trunk
from workers.anchors.weights import NormAct


@dataclass(frozen=True, slots=True)
class GPTConfig:
    """heads: a divisor of width; expansion: of the MLP; mode, placement: of the layer."""

    width: int = 48
    depth: int = 2
    heads: int = 3
    expansion: int = 2
    mode: Mode = "norm-act"
    placement: Placement = "pre"


class GPT(nn.Module):
    """embedding, positions, causal blocks, layer, head at every character."""

    def __init__(self, config: GPTConfig, norm_act: NormAct, context: int, characters: int) -> None:
        super().__init__()
        if config.width % config.heads:
            raise AnchorError(
                f"gpt: heads {config.heads} must divide the width {config.width}; change "
                "evaluation.anchors.network"
            )
        self.embedding = nn.Embedding(characters, config.width)
        self.position = nn.Parameter(torch.zeros(context, config.width))
        self.blocks, self.layer = trunk(norm_act, config, causal=True)
        self.head = nn.Linear(config.width, characters)

    def forward(self, x: Tensor) -> Tensor:
        """Characters (B, T) to logits (B, T, characters), each of what follows its place."""
        y = self.embedding(x) + self.position[: x.shape[1]]  # (B, T, width)
        logits: Tensor = self.head(self.layer(self.blocks(y)))
        return logits


def build(config: GPTConfig, norm_act: NormAct, shape: tuple[int], classes: int) -> nn.Module:
    """The network for `shape` (characters of context,), its weights not drawn yet."""
    return GPT(config, norm_act, shape[0], classes)
