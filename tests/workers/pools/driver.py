"""A small program for the tests: runs each call that a line of its input names, in a Ray pool.

A line is JSON: ["module:name", args]; the answer is a line of JSON: [value, failure, worker].
It finds our packages last, as an installed program does, while Ray puts the directory of this file
and the working directory first on the workers' path. Ctrl-C only sets a flag, as when draining.
"""

import json
import signal
import sys
import warnings
from pkgutil import resolve_name

sys.path.append(sys.argv[1])
sys.path.append(sys.path.pop(0))
warnings.simplefilter("error")

from workers.pools import Task  # noqa: E402
from workers.pools.ray_pool import RayPool  # noqa: E402

interrupts: list[int] = []
signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))

with RayPool(1, retries=0, preload=()) as pool:
    for line in sys.stdin:
        function, args = json.loads(line)
        if function == "interrupts":
            print(json.dumps([len(interrupts), None, ""]), flush=True)
            continue
        pool.submit(Task("task", resolve_name(function), tuple(args)))
        (done,) = pool.wait()
        print(json.dumps([done.value, done.failure, done.worker]), flush=True)
