"""`evonas primitives`: the operations a layer may use."""

from __future__ import annotations

from evonas.cli.options import Format, FormatOption, PrimitiveOption


def primitives(primitive: PrimitiveOption = None, format: FormatOption = Format.TABLE) -> None:
    """List the primitives, and the spaces that have them; check those of your own."""
    from evonas.cli.output import Column, emit, number
    from evonas.cli.own_primitives import register
    from search_spaces.primitives import ELEMENTWISE, MOMENTS, OWN
    from search_spaces.space import SPACES

    register(primitive)

    def used_by(op: str) -> str:
        if op in OWN:
            return OWN[op].reference
        return ", ".join(space.name for space in SPACES.values() if op in space.primitives)

    rows = [
        {
            "name": primitive.name,
            "written": f"a {primitive.infix} b"
            if primitive.infix
            else f"{primitive.name}({'a, b, c'[: 3 * primitive.arity - 2]})",
            "arity": primitive.arity,
            "computed": primitive.torch.format("a", "b", "c", eps="eps"),
            "spaces": used_by(primitive.name),
        }
        for primitive in ELEMENTWISE.values()
    ]
    rows += [
        {
            "name": name,
            "written": f"{name}(a)",
            "arity": 1,
            "computed": _MOMENTS[kind].format(over=f"over {_AXES[index_set]}"),
            "spaces": used_by(name),
        }
        for name, (kind, index_set) in MOMENTS.items()
    ]
    columns = [
        Column("name", style="bold"),
        Column("written"),
        number("arity"),
        Column("computed", fold=True),
        Column("spaces", style="dim", fold=True),
    ]
    emit(columns, rows, format)


_MOMENTS = {
    "mean": "mean {over}",
    "rms": "sqrt(mean of squares + eps) {over}",
    "std": "sqrt(biased variance + eps) {over}",
}
_AXES = {
    "bs": "batch and space",
    "s": "space",
    "sc": "space and channels",
    "sg": "space and the channels of a group",
    "c": "channels",
    "g": "the channels of a group",
}
