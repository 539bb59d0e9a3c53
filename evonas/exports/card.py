"""`card.md` of an export: what the layer is, what it costs, what is known and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evonas.exports.facts import NEVER_SCORED, Scores, padding, property_words, rows
from evonas.exports.files import WRITTEN_BY
from evonas.exports.measurements import GROUPS, ROUNDS, SHAPE, Measurements
from evonas.layers import Layer
from evonas.version import version
from search_spaces.latex_printer import latex, latex_legend
from search_spaces.zoo import ZOO
from workers.low_precision import NETWORK, TRAINING

CARD_NAME = "card.md"
GRAPH_NAME, RESPONSE_NAME = "graph.svg", "response.svg"
NOT_MEASURED = "Not measured (`--no-measure`)."
_NO_MATPLOTLIB = "Not drawn: that needs matplotlib, `pip install 'evonas[plots]'`."
_NOT_TRIED = """\
Not tried: other tasks and data, other networks, other optimizers and learning rates, long trainings
at full size, transfer. What stands above is all that is known."""


def card(
    layer: Layer,
    class_name: str,
    sha256: str,
    scores: Scores | None,
    measured: Measurements | None,
    *,
    has_response: bool,
    notes: Sequence[str] = (),
) -> str:
    """The text of the card; pictures are named and lie beside it. `notes` are of further files."""
    sections = {
        "Formula": _formula(layer),
        "Properties": _properties(layer),
        "Graph": f"![The graph of the layer]({GRAPH_NAME})",
        "Response": _response() if has_response else _NO_MATPLOTLIB,
        "Cost": NOT_MEASURED if measured is None else _cost(measured),
        "Batch size": _batch_size(layer, measured),
        "Low precision": NOT_MEASURED if measured is None else _precision(measured),
        "Scores": NEVER_SCORED if scores is None else _scores(scores),
        "Not tried": _NOT_TRIED,
        **({"Other files": "\n".join(f"- {note}" for note in notes)} if notes else {}),
    }
    known = f" It equals {layer.zoo} ({ZOO[layer.zoo].source})." if layer.zoo else ""
    head = (
        f"# {class_name}\n\nNormalization and activation in one layer, {WRITTEN_BY} {version()}."
        f"{known} `layer.py` holds it, `test_layer.py` checks it.\n\n"
        f"- digest: `{layer.digest}`\n- class, SHA-256: `{sha256}`\n"
    )
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def _formula(layer: Layer) -> str:
    legend = [f"- ${meaning}$" for meaning in latex_legend(layer.graph)]
    meaning = "\n".join(["", *legend, ""]) if legend else ""
    return (
        f"```math\n{latex(layer.graph)}\n```\n{meaning}\n"
        "then `y * weight + bias`, one of each a channel. In the text form, which every command "
        f"takes:\n\n```\n{layer.text}\n```"
    )


def _properties(layer: Layer) -> str:
    words = property_words(layer.graph)
    return "\n".join((*(f"- {each}" for each in words), "", padding(layer.graph)))


def _response() -> str:
    return (
        f"![Outputs over inputs]({RESPONSE_NAME})\n\n"
        "Normal inputs in training: what comes out at a place over what went in there."
    )


def _cost(measured: Measurements) -> str:
    first = measured.costs[0].milliseconds
    table = _table(
        ("", "ms", "this layer is", "kept"),
        (
            (
                cost.name,
                f"{cost.milliseconds:.2f}",
                f"{first / cost.milliseconds:.2f} x",
                f"{cost.kept:.2f}",
            )
            for cost in measured.costs
        ),
    )
    size = 4 * SHAPE[0] * SHAPE[1] * SHAPE[2] * SHAPE[3]
    return (
        f"{table}\n\nOne forward and backward pass of {SHAPE} in float32 with groups={GROUPS}: "
        f"processor time on one thread, in turns, the median of {ROUNDS}. `kept`: bytes kept for "
        f"the backward pass, in inputs ({size:,} bytes). Measured at export, on {measured.machine}."
    )


def _batch_size(layer: Layer, measured: Measurements | None) -> str:
    if "batch-independent" in property_words(layer.graph):
        return (
            "No moment over the batch: what comes out for a sample does not depend on the others."
        )
    if measured is None:
        return NOT_MEASURED
    sizes = list(next(iter(measured.noise.values())))
    table = _table(
        ("samples in a batch", *map(str, sizes)),
        (
            (name, *(f"{100 * each[size]:.1f} %" for size in sizes))
            for name, each in measured.noise.items()
        ),
    )
    return (
        f"{table}\n\nHow far outputs in training are from those in one batch of 256 samples: root "
        "mean square of the difference over that of the output, for samples that differ in mean "
        "and scale. Evaluation uses running estimates and does not depend on the batch."
    )


def _precision(measured: Measurements) -> str:
    table = _table(
        ("", "loss", "accuracy", "largest output", "updates skipped", ""),
        (
            (
                run.dtype,
                "-" if run.loss is None else f"{run.loss:.4f}",
                "-" if run.accuracy is None else f"{run.accuracy:.3f}",
                f"{run.largest:.1f}",
                str(run.skipped),
                "" if run.diverged_at is None else f"diverged at step {run.diverged_at}",
            )
            for run in measured.precision
        ),
    )
    return (
        f"{table}\n\n{measured.steps} steps of a small residual network (widths {NETWORK.widths}) "
        f"on digits, batches of {TRAINING.batch}, equal but for the precision of the forward pass "
        "(`torch.autocast`; float16 with a gradient scaler). The layer itself computes in float32 "
        "and returns what it was given. `loss`: training, mean of the last tenth of the steps; "
        "`accuracy`: validation; `largest output`: of all its layers (float16 ends at 65504)."
    )


def _scores(scores: Scores) -> str:
    table = _table(("", *scores.anchors, "mean", ""), rows(scores))
    return (
        f"{scores.where}\n\n{table}\n\nValidation accuracy after one short training each, one "
        "seed: noisy, and a rank among close scores means little."
    )


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
