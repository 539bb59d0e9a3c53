"""What must be in place before any worker evaluates: data at hand, anchors of one's own sound."""

import torch

from search_spaces.dotted import is_dotted
from workers.anchors.own_check import check_in_fresh_process
from workers.data import load_data, prepare_data
from workers.evaluation import look_again
from workers.settings import EvaluationConfig, SettingsError


def prepare(config: EvaluationConfig, *, protocols: bool = True) -> None:
    """Download data once, look again at files that this process has read before, and check networks
    of the user's own in a fresh process. `protocols`: whether they will run, as in retraining they
    do not.

    Raises SettingsError for a device that is not there, DataError, DottedNameError, OwnAnchorError.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise SettingsError(
            "evaluation.device: 'cuda', but torch finds no GPU here; set it to cpu, or install the "
            "CUDA build of torch on a machine with a GPU"
        )
    look_again()
    for anchor in config.anchors:
        data = config.data_of(anchor)
        prepare_data(data)
        if is_dotted(anchor.name):
            first = anchor is config.anchors[0]
            climbed = protocols and first and config.stability.steps > 0
            check_in_fresh_process(anchor.name, load_data(data), climbed)
