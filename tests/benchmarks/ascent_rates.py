"""Choose the ascent rate of the stability protocol: which layers stay bounded, and how long.

    python -m tests.benchmarks.ascent_rates [--preset quick] [--seeds 5] [--rates 0.1 0.5 2]

One table a rate: for each layer the ascent step at which it exploded, seed by seed ("-" if it
stayed bounded), then how many layers of each kind the protocol keeps or rejects on every seed. A
rate serves if it keeps every trainable normalized layer and rejects the bad ones.
"""

import argparse
from dataclasses import replace
from functools import partial

from evonas.calibration_layers import BAD, KNOWN
from evonas.config import load_config
from search_spaces.layer import layer_class
from search_spaces.text import parse
from workers.course import Course
from workers.settings import EvaluationConfig
from workers.threads import one_thread

#: Known layers without a norm: the protocol may take them either way.
UNNORMALIZED = ("SELU", "DyT", "Derf")


def exploded(text: str, config: EvaluationConfig, seed: int) -> int | None:
    """The step at which the gradient norm was above the threshold, None if it never was."""
    layer = partial(layer_class(parse(text)), groups=config.groups)
    found = Course(layer, config, seed).new_ascent().advance(config.stability.steps)
    return None if found is None else found.step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rates", type=float, nargs="*", default=[0.02, 0.1, 0.5, 2.0])
    arguments = parser.parse_args()
    config = load_config(arguments.preset).evaluation
    kinds = {
        "normalized": {n: text for n, text in KNOWN.items() if n not in UNNORMALIZED},
        "un-normalized": {name: KNOWN[name] for name in UNNORMALIZED},
        "bad": BAD,
    }
    with one_thread():
        for rate in arguments.rates:
            at_rate = replace(config, stability=replace(config.stability, rate=rate))
            print(f"\nrate {rate:g}, at most {config.stability.steps} steps")
            for kind, layers in kinds.items():
                kept = rejected = 0
                for name, text in layers.items():
                    steps = [exploded(text, at_rate, seed) for seed in range(arguments.seeds)]
                    kept += all(step is None for step in steps)
                    rejected += all(step is not None for step in steps)
                    words = " ".join("-" if step is None else str(step) for step in steps)
                    print(f"  {kind:14s} {name:30s} {words}", flush=True)
                print(f"  {kind:14s} {kept} kept and {rejected} rejected of {len(layers)}")


if __name__ == "__main__":
    main()
