"""Transformer blocks for images and text; where the layer stands in them is a setting."""

from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from workers.anchors.weights import NormAct

#: norm-act: the layer is norm and activation at once, where a convolutional network would have it:
#: before attention, between the two maps of the MLP, before the head. norm: it replaces the
#: normalizers alone and GELU stays (the protocol of DyT, arXiv 2503.10622, and of Derf).
Mode = Literal["norm-act", "norm"]
#: pre: before each branch; post: after the sum of branch and input; peri: before and after each
#: branch, inside the sum; mix: post in the first quarter of the blocks, pre in the others.
Placement = Literal["pre", "post", "peri", "mix"]


class Attention(nn.Module):
    """Multi-head self-attention, written out because the fused one has no second derivative."""

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, C) to tokens (B, T, C)."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)  # each (B, heads, T, C / heads)
        scores = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5)
        if self.causal:
            later = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        out: Tensor = self.out(mixed)
        return out


class Block(nn.Module):
    """Attention, then an MLP of two maps with what lies between them; shapes (B, T, C)."""

    def __init__(
        self,
        norm_act: NormAct,
        width: int,
        heads: int,
        expansion: int,
        mode: Mode = "norm-act",
        placement: Placement = "pre",
        causal: bool = False,
    ) -> None:
        super().__init__()
        hidden = width * expansion
        self.post = placement == "post"

        def layer(wanted: bool) -> nn.Module:
            return norm_act(width) if wanted else nn.Identity()

        self.before = layer(placement != "post")
        self.attention = Attention(width, heads, causal)
        self.after = layer(placement != "pre")
        # In norm-act mode the layer between the maps is the one before the branch.
        self.before_mlp = layer(placement != "post" and mode == "norm")
        self.first = nn.Linear(width, hidden)
        self.between = norm_act(hidden) if mode == "norm-act" else nn.GELU()
        self.second = nn.Linear(hidden, width)
        self.after_mlp = layer(placement != "pre")

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, C) to tokens (B, T, C)."""
        x = self._sum(x, self.attention(self.before(x)), self.after)
        y = self.second(self.between(self.first(self.before_mlp(x))))
        return self._sum(x, y, self.after_mlp)

    def _sum(self, x: Tensor, branch: Tensor, after: nn.Module) -> Tensor:
        total: Tensor = after(x + branch) if self.post else x + after(branch)
        return total


class TransformerConfig(Protocol):
    """What the configs of the transformers have in common."""

    @property
    def width(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def expansion(self) -> int: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def placement(self) -> Placement: ...


def trunk(
    norm_act: NormAct, config: TransformerConfig, causal: bool = False
) -> tuple[nn.Sequential, nn.Module]:
    """The blocks, and the layer before the head; "mix" is resolved here."""
    posts = -(-config.depth // 4) if config.placement == "mix" else 0
    pre_or_given: Placement = "pre" if config.placement == "mix" else config.placement
    blocks = nn.Sequential(
        *(
            Block(
                norm_act,
                config.width,
                config.heads,
                config.expansion,
                config.mode,
                "post" if number < posts else pre_or_given,
                causal,
            )
            for number in range(config.depth)
        )
    )
    # After a post block the tokens have just been through the layer.
    ends_in_layer = config.placement == "post"
    return blocks, nn.Identity() if ends_in_layer else norm_act(config.width)
