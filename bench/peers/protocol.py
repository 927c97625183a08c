"""The Python side of the line protocol (its JavaScript side: children/serve.js).

One JSON object per line. In: {"op": "setup", "case": {...}}, then any number of {"op": "run", "count": N}.
Out: {"ready": true, ...}, then {"cpuSeconds", "wallSeconds", "count", ...} for exactly those N pieces of work.
CPU time is that of the whole process, all threads.
"""

import json
import os
import sys
import time

import numpy as np


def read_case_files(case):
    """The data (rows × n, 0/1 bytes) and the parameters W (n × m), a (n), b (m) that all contenders start from."""
    n, m = case["visibleUnits"], case["hiddenUnits"]
    data = None
    if case.get("dataFile"):
        data = np.fromfile(case["dataFile"], dtype=np.uint8).reshape(case["rows"], n)
    values = np.fromfile(case["parametersFile"], dtype="<f8")
    return data, values[: n * m].reshape(n, m), values[n * m : n * m + n], values[n * m + n :]


def serve(set_up, about=None):
    """Answers requests until stdin ends.

    `set_up(case)` returns a function run(count) → dict of results or None; `about` goes to the parent with `ready`.
    """
    # Only answers may reach the parent: whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "setup":
                run = set_up(request["case"])
                answer = {"ready": True, **(about or {})}
            else:
                cpu, wall = time.process_time(), time.perf_counter()
                result = run(request["count"])
                answer = {
                    "cpuSeconds": time.process_time() - cpu,
                    "wallSeconds": time.perf_counter() - wall,
                    "count": request["count"],
                    **(result or {}),
                }
        except Exception as error:  # the parent reports it and goes on without this contender
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
