"""A layer whose moments over the batch are those of all processes of `torch.distributed`."""

from __future__ import annotations

from search_spaces.codegen_body import Body, write_body
from search_spaces.codegen_function import SETTINGS, signature
from search_spaces.codegen_module import FORWARD
from search_spaces.codegen_plan import plan
from search_spaces.codegen_text import words_of, wrap
from search_spaces.graph import Graph

SYNCED_IMPORTS = ("from typing import Any",)

_GROUP = "_Group = torch.distributed.ProcessGroup | None  # None: all processes"
_SUM = """\
class _SyncedSum(torch.autograd.Function):
    \"\"\"The sum over the processes, and of its gradients over them on the way back.\"\"\"

    @staticmethod
    def forward(values: torch.Tensor, group: _Group) -> torch.Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(total, group=group)
        return total

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.group = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return _synced_sum(gradients[0], ctx.group), None
"""
_FUNCTION = "_synced_sum: Any = _SyncedSum.apply  # torch gives it no types"
_AVERAGE = """\
def _synced_average(values: torch.Tensor, count: int, group: _Group) -> torch.Tensor:
    # Batches may differ in size: every process gives the count that its values are means of.
    counted = torch.cat((count * values.flatten(), values.new_full((1,), count)))
    total = _synced_sum(counted, group)
    average: torch.Tensor = (total[:-1] / total[-1]).view(values.shape)
    return average
"""
_MEAN = """\
def _synced_mean(x: torch.Tensor, dim: tuple[int, ...], group: _Group) -> torch.Tensor:
    mean = x.mean(dim, keepdim=True)
    return _synced_average(mean, x.numel() // mean.numel(), group)
"""
_VAR_MEAN = """\
def _synced_var_mean(
    x: torch.Tensor, dim: tuple[int, ...], group: _Group
) -> tuple[torch.Tensor, torch.Tensor]:
    var, mean = torch.var_mean(x, dim=dim, correction=0, keepdim=True)
    count = x.numel() // mean.numel()
    of_all = _synced_average(mean, count, group)
    return _synced_average(var + torch.square(mean - of_all), count, group), of_all
"""
_PROCESSES = """\
def _processes(group: _Group) -> int:
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return 1
    return torch.distributed.get_world_size(group)
"""
_HELPERS = {"_synced_mean": _MEAN, "_synced_var_mean": _VAR_MEAN}
# What these statements define, beside a class and `synchronize`.
SYNCED_NAMES = (
    *("_Group", "_SyncedSum", "_synced_sum", "_synced_average", "_synced_norm_act", "_processes"),
    *_HELPERS,
)

_CLASS = '''\
class SyncedCLASS(CLASS):
    """The same layer with moments over the batches of all processes, as in nn.SyncBatchNorm.

    In training, while torch.distributed runs more than one process, every process of the group has
    to call it equally often, with a sample at least; batches may differ in size. Otherwise, and in
    its parameters and its state_dict, it is the layer above. Its backward pass is autograd's, which
    takes longer and keeps more. `synchronize` switches the layers of a network.
    """

    process_group: _Group = None
'''
_SYNCHRONIZE = '''\
def synchronize(network: nn.Module, process_group: _Group = None) -> int:
    """Make every layer of this class in a network a synced one; returns how many there are."""
    count = 0
    for module in network.modules():
        if type(module) is CLASS:
            module.__class__ = SyncedCLASS
        if isinstance(module, SyncedCLASS):
            module.process_group = process_group
            count += 1
    return count
'''


def synced_blocks(graph: Graph, class_name: str) -> list[str]:
    """Top-level statements that follow the generated class of a graph; none without state."""
    plan_ = plan(graph)
    body = write_body(plan_, synced=True)
    if not body.estimates:
        return []
    words = words_of(body.lines)
    settings = tuple(name for name in SETTINGS if name in words)
    arguments = ("x", *plan_.parameters, "weight", "bias", *settings)
    head = signature(
        "_synced_norm_act",
        (*arguments, "process_group"),
        "tuple[torch.Tensor, ...]",
        types={**SETTINGS, "process_group": "_Group"},
    )
    helpers = [helper for name, helper in _HELPERS.items() if name in words]
    function = "\n".join((*head, *(f"    {line}" for line in body.lines)))
    blocks = [_GROUP, _PROCESSES, f"{_SUM}\n\n{_FUNCTION}", _AVERAGE, *helpers, function]
    blocks.append(f"{_CLASS}\n{FORWARD.replace('{norm_act}', _branches(body, arguments))}")
    blocks.append(_SYNCHRONIZE)
    return [block.replace("CLASS", class_name) for block in blocks]


def _branches(body: Body, arguments: tuple[str, ...]) -> str:
    given = ", ".join(("y", *(f"self.{name}" for name in (*arguments[1:], "process_group"))))
    lines = [
        "elif not self.training or _processes(self.process_group) == 1:",
        "    return super().forward(x)",
        "else:",
        f"    {', '.join(('y', *body.estimates))} = _synced_norm_act({given})",
        *(
            f"    self._update(self.{buffer.name}, {estimate})"
            for buffer, estimate in zip(body.buffers, body.estimates, strict=True)
        ),
    ]
    return "\n".join(f"        {part}" for line in lines for part in wrap(line, indent=8))
