"""Settings of an evaluation, plain frozen dataclasses that round-trip through dictionaries."""

import operator
import sys
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from functools import reduce
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from search_spaces.dotted import is_dotted
from search_spaces.errors import nearest
from workers.anchors import ANCHORS, NetworkConfig, anchor_of
from workers.augmentation import AugmentationConfig
from workers.data import SOURCES, DataConfig, DigitsConfig
from workers.keys import later
from workers.quality import QualityConfig
from workers.ranges import LEAST, TRAINING, misfit, uneven
from workers.stability import StabilityConfig
from workers.training import TrainingConfig

_LARGEST = sys.float_info.max
_OWN_TRAINING = (
    "steps",
    "batch",
    "learning_rate",
    "warmup",
    "optimizer",
    "weight_decay",
    "clip",
    "augmentation",
)


class SettingsError(ValueError):
    """An unknown setting or a value of the wrong kind; the message says what to do."""


class UnknownSettingError(SettingsError):
    """A section has no setting of that name; `path` is its full name, `allowed` what there is."""

    def __init__(self, path: str, allowed: tuple[str, ...]) -> None:
        self.path, self.allowed = path, allowed
        key = path.rpartition(".")[2]
        super().__init__(f"unknown setting {path}; {_nearest(key, list(allowed))}")


@dataclass(frozen=True, slots=True)
class AnchorConfig:
    """name: a key of ANCHORS, or my_package.my_module:factory; network: its config.

    The rest, if given, replaces what is shared.
    """

    name: str
    network: NetworkConfig
    steps: int | None = None
    learning_rate: float | None = None
    warmup: int | None = None
    quality_step: int | None = None
    data: DataConfig | None = later(None)
    batch: int | None = later(None)
    optimizer: Literal["sgd", "adamw"] | None = later(None)
    weight_decay: float | None = later(None)
    clip: float | None = later(None)
    augmentation: AugmentationConfig | None = later(None)


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """All that an evaluation depends on besides the graph and the seed.

    anchors: in order of cost, cheapest first: the stability protocol runs on the first, and
    quality is asked in this order. groups: channel groups of the layer's `g` moments. device: where
    networks and data are.
    """

    anchors: tuple[AnchorConfig, ...]
    data: DataConfig = field(default_factory=DigitsConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    stability: StabilityConfig = field(default_factory=StabilityConfig)
    groups: int = 4
    device: Literal["cpu", "cuda"] = later("cpu")

    def training_of(self, anchor: AnchorConfig) -> TrainingConfig:
        """The training settings of one anchor: the shared ones with its own on top."""
        own = {n: getattr(anchor, n) for n in _OWN_TRAINING}
        return replace(self.training, **{n: v for n, v in own.items() if v is not None})

    def data_of(self, anchor: AnchorConfig) -> DataConfig:
        """The data of one anchor."""
        return self.data if anchor.data is None else anchor.data

    @property
    def requirements(self) -> tuple[str, ...]:
        """What a layer must meet to stand in every anchor, as in search_spaces.requirements."""
        names = [name for anchor in self.anchors for name in anchor_of(anchor.name).requires]
        return tuple(dict.fromkeys(names))

    def quality_step(self, anchor: AnchorConfig) -> int:
        """The step at which the quality of one anchor is asked; 0: never."""
        return self.quality.step if anchor.quality_step is None else anchor.quality_step


_LEAST: dict[type[Any], dict[str, float]] = {
    **LEAST,
    AnchorConfig: {**TRAINING, "quality_step": 0},
    EvaluationConfig: {"groups": 1},
}


def from_dict(values: Any, path: str = "") -> EvaluationConfig:
    """The inverse of dataclasses.asdict; lists may stand for tuples. `path` names the place in
    messages. Raises SettingsError.
    """
    config: EvaluationConfig = build(EvaluationConfig, values, path)
    if not config.anchors:
        raise SettingsError(f"{path}anchors: empty; list at least one of {', '.join(ANCHORS)}")
    names = [anchor.name for anchor in config.anchors]
    if len(set(names)) < len(names):
        raise SettingsError(f"{path}anchors: {', '.join(names)}; list each anchor once")
    for anchor in config.anchors:
        _check_data(config, anchor, path)
    return config


def _check_data(config: EvaluationConfig, anchor: AnchorConfig, path: str) -> None:
    """Raises SettingsError for an anchor whose data it cannot take."""
    takes, data = anchor_of(anchor.name).takes, config.data_of(anchor)
    gives = SOURCES[data.kind].gives
    if takes is not None and gives is not None and takes != gives:
        fitting = [kind for kind, source in SOURCES.items() if source.gives in (takes, None)]
        raise SettingsError(
            f"{path}anchors.{anchor.name} takes {takes}, and its data are {data.kind!r}, {gives}; "
            f"give the anchor data of its own, such as data = {{kind = {fitting[0]!r}}}; "
            f"allowed: {', '.join(fitting)}"
        )
    if config.training_of(anchor).augmentation.crop and not anchor_of(anchor.name).any_size:
        raise SettingsError(
            f"{path}anchors.{anchor.name} takes images of one size, and training crops them; set "
            f"augmentation.crop to 0, or augmentation = {{}} for this anchor"
        )


def build(kind: type[Any], values: Any, path: str) -> Any:
    """The settings `kind` from plain values; `path` names the place. Raises SettingsError."""
    place = path.removesuffix(".") or "evaluation"
    if not isinstance(values, Mapping):
        raise SettingsError(f"{place}: {values!r:.80}; give a table of settings")
    hints = dict(get_type_hints(kind))
    for key in values:
        if key not in hints:
            raise UnknownSettingError(f"{path}{key}", tuple(hints))
    if kind is AnchorConfig:
        name = str(values.get("name"))
        if name not in ANCHORS and not is_dotted(name):
            raise SettingsError(
                f"unknown anchor {name!r:.60}; allowed: {', '.join(ANCHORS)}, or a function of "
                f"your own as my_package.my_module:factory{nearest(name, ANCHORS)}"
            )
        hints["network"] = anchor_of(name).config
        if is_dotted(name):
            values = {"network": {}, **values}
    try:
        made = kind(**{k: _convert(hints[k], v, f"{path}{k}") for k, v in values.items()})
    except TypeError as error:  # a missing setting: the values themselves are checked by now
        missing = [f.name for f in fields(kind) if f.name not in values and _must_be_given(f)]
        raise SettingsError(f"{place}: needs {', '.join(missing)} too") from error
    if found := misfit(made, _LEAST.get(kind, {})):
        name, allowed = found
        raise SettingsError(f"{path}{name}: {getattr(made, name)!r}; {allowed}")
    if counts := uneven(made):
        raise SettingsError(f"{place}: {counts}; give each one entry a stage")
    return made


def _must_be_given(setting: Field[Any]) -> bool:
    return setting.default is MISSING and setting.default_factory is MISSING


def _convert(kind: Any, value: Any, path: str) -> Any:
    """`value` as the annotated `kind`; an int may stand for a float."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind == DataConfig:
        return _build_data(value, path)
    if is_dataclass(kind) and isinstance(kind, type):
        return value if isinstance(value, kind) else build(kind, value, f"{path}.")
    if origin is tuple and isinstance(value, list | tuple):
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(kinds) == len(value):
            pairs = enumerate(zip(kinds, value, strict=True))
            return tuple(_convert(k, v, f"{path}[{i}]") for i, (k, v) in pairs)
    elif origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        given = [a for a in arguments if a is not type(None)]
        return _convert(reduce(operator.or_, given), value, path)
    elif origin is Literal:
        if value in arguments:
            return value
        raise SettingsError(f"{path}: {value!r}; {_nearest(str(value), list(arguments))}")
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not -_LARGEST <= value <= _LARGEST:
            raise SettingsError(f"{path}: {value!r:.40}; give a finite number")
        return float(value)
    elif type(value) is kind:
        return value
    name = kind.__name__ if isinstance(kind, type) and origin is None else str(kind)
    raise SettingsError(f"{path}: {value!r}; give a value of type {name}")


def _build_data(values: Any, path: str) -> DataConfig:
    """The settings of the source that `kind` names, the digits if it names none."""
    if isinstance(values, DataConfig):
        return values
    if not isinstance(values, Mapping):
        raise SettingsError(f"{path}: {values!r}; give a table of settings")
    name = values.get("kind", "digits")
    if name not in SOURCES:
        raise SettingsError(f"{path}.kind: {name!r}; {_nearest(str(name), list(SOURCES))}")
    data: DataConfig = build(SOURCES[name].config, values, f"{path}.")
    return data


def _nearest(given: str, allowed: list[str]) -> str:
    return f"allowed: {', '.join(allowed)}{nearest(given, allowed)}"
