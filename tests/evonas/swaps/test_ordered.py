"""Models that cannot be traced, known by the order in their nn.Sequential."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import evonas
from tests.evonas.swaps.networks import Untraceable

IMAGES = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))


class _Shared(nn.Module):
    """One activation after a norm, and in a place that the order does not or does show."""

    def __init__(self, *, outside: bool) -> None:
        super().__init__()
        act = nn.ReLU()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), act)
        self.second = nn.Sequential(nn.Conv2d(4, 4, 1), *([] if outside else [act]))
        if outside:
            self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x))
        if x.sum() > 1e9:  # cannot be traced
            return x
        return self.act(x) if hasattr(self, "act") else x


@pytest.mark.parametrize("outside", [False, True])
def test_an_activation_that_others_call_too_stays_in_an_untraceable_model(outside: bool) -> None:
    others = ("what was not seen", "second") if outside else ("second.0", "second.0")
    for inputs, other in zip((None, IMAGES), others, strict=True):
        model = _Shared(outside=outside)
        report = evonas.swap(model, "GN-ReLU", inputs=inputs, groups=2)
        assert not report.replaced
        assert isinstance(model.first[2], nn.ReLU)
        why = {kept.path: kept.why for kept in report.left_alone}
        assert (
            why["first.1"]
            == f"its activation first.2 is called after {other} too; `rewrite=True` may take it out"
        )


def test_an_activation_that_stands_twice_in_an_untraceable_sequence_is_called_twice() -> None:
    act = nn.ReLU()  # its path is that of its first place
    body = [nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), act, nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), act]
    model = Untraceable()
    model.body = nn.Sequential(*body)
    report = evonas.swap(model, "GN-ReLU", groups=2)
    assert [entry.path for entry in report.replaced] == ["body.1", "body.4"]
    assert type(model.body[5]) is nn.Identity
    # After something else it stays: taken out where it follows the norm, if that is allowed.
    model.body = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), act, nn.Conv2d(8, 8, 1), act)
    report = evonas.swap(model, "GN-ReLU", groups=2)
    assert not report.replaced
    assert "body.2 is called after body.3 too" in str(report)
    conv, norm, act, last, _ = model.body
    assert (type(norm), type(act)) == (nn.BatchNorm2d, nn.ReLU)
    report = evonas.swap(model, "GN-ReLU", groups=2, rewrite=True)
    assert [(entry.path, entry.activations) for entry in report.replaced] == [
        ("body.1", ("body.2",))
    ]
    torch.testing.assert_close(model.body(IMAGES), act(last(model.body[1](conv(IMAGES)))))
