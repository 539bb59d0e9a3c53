"""What must be in place before any worker evaluates: data at hand, anchors of one's own sound."""

from workers.anchors.own_check import check_in_fresh_process
from workers.data import load_data, prepare_data
from workers.dotted import is_dotted
from workers.settings import EvaluationConfig


def prepare(config: EvaluationConfig) -> None:
    """Download data once, and check networks of the user's own in a fresh process.

    Raises DataError, DottedNameError, OwnAnchorError.
    """
    for anchor in config.anchors:
        data = config.data_of(anchor)
        prepare_data(data)
        if is_dotted(anchor.name):
            check_in_fresh_process(anchor.name, load_data(data))
