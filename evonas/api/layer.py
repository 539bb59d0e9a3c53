"""A layer, by anything that names one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evonas.api.arguments import database_url
from evonas.layers import not_a_name, one_line, resolve
from evonas.stored import database_if_any
from search_spaces.graph import Graph
from search_spaces.properties import Properties, properties_of_canonical

if TYPE_CHECKING:
    from torch import nn

    from evonas.nearest import Nearest


class Layer:
    """A layer, simplified; two are equal if their simplified graphs are.

    given: a text form, the name of a known layer, the first characters of a digest that a run in
    the database found, or the path of an exported file (which is read, not executed).
    db: URL of the database; None for that of EVONAS_DB, else evonas.db in the working directory.

    Raises LayerError for a name of nothing, TextError that points at the column of a text form.

    >>> import evonas
    >>> layer = evonas.Layer("x * sigmoid(v1 * x) / std[sg](x)")
    >>> layer
    Layer('x * sigmoid(v1 * x) / std[sg](x)')
    >>> layer.name
    'EvoNorm-S0'
    >>> layer == evonas.Layer("EvoNorm-S0")
    True
    >>> layer.properties.mixes_batch
    False
    """

    def __init__(self, given: str | Path | Layer, *, db: str | None = None) -> None:
        name = given.text if isinstance(given, Layer) else given
        with database_if_any(database_url(db)) as results:
            self._layer = resolve(name, results)

    @property
    def graph(self) -> Graph:
        """The simplified graph."""
        return self._layer.graph

    @property
    def text(self) -> str:
        """The text form on one line, which every function and command reads back.

        >>> import evonas
        >>> evonas.Layer("BN-SiLU").text
        'a = v1 * (x - mean[bs](x)) / std[bs](x) + v0; a * sigmoid(a)'
        """
        return one_line(self._layer.text)

    @property
    def digest(self) -> str:
        """The hash of the simplified graph, the same on every machine.

        >>> import evonas
        >>> evonas.Layer("max(x, 0)").digest == evonas.Layer("max(0, x)").digest
        True
        """
        return self._layer.digest

    @property
    def name(self) -> str:
        """The name of the known layer that it equals, else the start of its digest."""
        return self._layer.name

    @cached_property
    def properties(self) -> Properties:
        """What is proved on the graph.

        >>> import evonas
        >>> evonas.Layer("x / rms[c](x)").properties.degree  # f(k x) = k ** 0 f(x)
        0
        """
        return properties_of_canonical(self.graph)

    @cached_property
    def nearest(self) -> Nearest | None:
        """The known layer with the least graph edit distance; None for a graph of over 100 values.

        >>> import evonas
        >>> evonas.Layer("x * sigmoid(v1 * x) / rms[sg](x)").nearest
        Nearest(name='EvoNorm-S0', distance=1, is_least=True)
        """
        from evonas.nearest import nearest_known

        return nearest_known(self.graph)

    def module(self, num_features: int, **settings: Any) -> nn.Module:
        """The layer as a module, for `num_features` channels; settings such as groups=8, eps=1e-5.

        >>> import evonas, torch
        >>> module = evonas.Layer("EvoNorm-S0").module(64, groups=8)
        >>> module(torch.randn(2, 64, 7, 7)).shape
        torch.Size([2, 64, 7, 7])
        """
        from search_spaces.layer import layer_class

        return layer_class(self.graph)(num_features, **settings)

    def svg(self) -> str:
        """A drawing of the graph; notebooks show it by themselves.

        >>> import evonas
        >>> evonas.Layer("tanh(x)").svg()[:4]
        '<svg'
        """
        from evonas.drawing import svg

        return svg(self.graph)

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"Layer({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layer) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def named(layer: str | Path | Layer) -> str:
    """What names a layer to functions that take text alone. Raises LayerError for anything else."""
    if isinstance(layer, Path):
        return str(layer)
    if not isinstance(layer, str | Layer):
        raise not_a_name(layer)
    return layer.text if isinstance(layer, Layer) else layer
