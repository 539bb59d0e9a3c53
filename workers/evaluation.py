"""Evaluation of one layer: first stability steps, quality, proxy training, more stability steps."""

import hashlib
import json
import platform
import time
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch

from search_spaces.canonical import canonical
from search_spaces.codegen import CODEGEN_VERSION
from search_spaces.graph import Graph
from search_spaces.layer import layer_class, layer_code
from search_spaces.requirements import REQUIREMENTS, unmet_by
from workers.anchors import NormAct, anchor_identity
from workers.course import Course, Rejection
from workers.data import data_identity
from workers.keys import key_values
from workers.settings import AnchorConfig, EvaluationConfig, SettingsError, from_dict
from workers.threads import one_thread, repeatable, seeded
from workers.unfit import UnfitLayerError
from workers.verdict import Verdict

__all__ = [
    "AnchorConfig",
    "Evaluation",
    "EvaluationConfig",
    "SettingsError",
    "UnfitLayerError",
    "evaluate",
    "evaluate_layer",
    "evaluation_key",
    "from_dict",
    "hardware_class",
    "look_again",
    "unfit",
]

EVALUATION_VERSION = 1  # raise whenever a number can change under an unchanged config


@dataclass(frozen=True, slots=True)
class Evaluation:
    """verdict; reason: short, for people, "" if scored; scores: validation accuracy by anchor name.

    seconds: wall time of the whole; class_sha256: of the class body that was executed; further:
    verdicts of the rejections after the first, if it went on after that; hardware: the class of the
    machine that computed it.
    """

    verdict: Verdict
    reason: str
    scores: dict[str, float]
    seconds: float
    class_sha256: str
    further: tuple[Verdict, ...] = ()
    hardware: str = ""


def evaluate(
    graph_json: str,
    config: EvaluationConfig,
    seed_index: int = 0,
    stop_at_rejection: bool = True,
) -> Evaluation:
    """Evaluate the layer of a graph. Pure: equal arguments give equal verdicts and scores.

    stop_at_rejection=False (baselines, audits) goes on after a rejection and returns the first
    rejection with the scores of all anchors that did not diverge. Raises GraphError for bad JSON,
    UnfitLayerError for a layer that cannot stand in one of the anchors.
    """
    graph = Graph.from_json(graph_json)
    if (requirement := unfit(graph, config)) is not None:
        raise UnfitLayerError(
            f"the layer is not {requirement} ({REQUIREMENTS[requirement]}), and an anchor needs "
            "that; leave the anchor out, or search among layers that meet it"
        )
    sha256 = layer_code(graph).class_sha256
    return evaluate_layer(layer_class(graph), sha256, config, seed_index, stop_at_rejection)


def unfit(graph: Graph, config: EvaluationConfig) -> str | None:
    """The first requirement of the anchors that a graph does not meet, None if it fits."""
    requirements = config.requirements
    return unmet_by(canonical(graph), requirements) if requirements else None


def evaluate_layer(
    layer: NormAct,
    class_sha256: str,
    config: EvaluationConfig,
    seed_index: int = 0,
    stop_at_rejection: bool = True,
) -> Evaluation:
    """As `evaluate`, for any layer called as layer(num_features, apply_act=True, groups=...)."""
    start = time.perf_counter()
    course = Course(partial(layer, groups=config.groups), config, seed_index)
    rejections: list[Rejection] = []
    with one_thread(), repeatable(config.device), seeded(seed_index, config.device):
        for rejection in course.rejections():
            rejections.append(rejection)
            if stop_at_rejection:
                break
    verdict, reason = rejections[0] if rejections else (Verdict.SCORED, "")
    further = tuple(rejection.verdict for rejection in rejections[1:])
    seconds = time.perf_counter() - start
    hardware = hardware_class(config.device)
    return Evaluation(verdict, reason, course.scores, seconds, class_sha256, further, hardware)


def evaluation_key(
    digest: str,
    config: EvaluationConfig,
    seed_index: int,
    stop_at_rejection: bool,
    hardware: str | None = None,
) -> str:
    """SHA-256 hex over everything that could change the verdict or a score.

    `hardware`: the class of the machine that evaluates; that of this one if not given.
    """
    hardware = hardware or hardware_class(config.device)
    settings = _settings_hash(config, seed_index, stop_at_rejection, hardware, _contents(config))
    return hashlib.sha256(f"{digest} {settings}".encode()).hexdigest()


def look_again() -> None:
    """Have the next keys read anew what the data are: files may have changed since."""
    _contents.cache_clear()


@lru_cache(maxsize=16)
def _contents(config: EvaluationConfig) -> tuple[str, ...]:
    """The identity of each anchor's data."""
    return tuple(data_identity(config.data_of(anchor)) for anchor in config.anchors)


@lru_cache(maxsize=16)
def _settings_hash(
    config: EvaluationConfig,
    seed_index: int,
    stop_at_rejection: bool,
    hardware: str,
    contents: tuple[str, ...],
) -> str:
    """The part of a key that all layers of a run share."""
    parts: dict[str, object] = {
        "config": key_values(config),
        "seed_index": seed_index,
        "stop_at_rejection": stop_at_rejection,
        "evaluation": EVALUATION_VERSION,
        "codegen": CODEGEN_VERSION,
        "torch": torch.__version__,
        "hardware": hardware,
    }
    identities = [
        content + anchor_identity(anchor.name)
        for content, anchor in zip(contents, config.anchors, strict=True)
    ]
    if any(identities):
        parts["content"] = identities
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=2)
def hardware_class(device: str = "cpu") -> str:
    """What computes: the model of the GPU, or architecture, instruction set and model of the CPU.

    Those that agree give equal numbers.
    """
    if device == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        return f"cuda {torch.cuda.get_device_name()} {torch.version.cuda} cudnn {cudnn}"
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    capability = torch.backends.cpu.get_cpu_capability()
    return f"cpu {platform.machine()} {capability} {model}".strip()
