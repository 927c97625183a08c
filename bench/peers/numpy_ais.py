"""numpy: annealed importance sampling as one writes it down, all chains at once; one piece of work is one temperature.

The same path and the same estimate as ours: base rate even odds, even steps, weights from the free energies before and
after, then one Gibbs step. float64, numpy's own generator.
"""

import numpy as np

from protocol import read_case_files, serve


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def set_up(case):
    _, weights, visible_bias, hidden_bias = read_case_files(case)
    n, m = weights.shape
    chains = case["chains"]
    random = np.random.default_rng(1)
    transposed = np.ascontiguousarray(weights.T)

    def log_p(inputs, from_bias, beta):
        return beta * from_bias + np.logaddexp(0, beta * inputs).sum(axis=1)

    def run(count):
        v = (random.random((chains, n)) < 0.5).astype(np.float64)
        log_weights = np.zeros(chains)
        for step in range(1, count + 1):
            before, beta = (step - 1) / count, step / count
            inputs = v @ weights + hidden_bias
            from_bias = v @ visible_bias
            log_weights += log_p(inputs, from_bias, beta) - log_p(inputs, from_bias, before)
            h = (random.random((chains, m)) < sigmoid(beta * inputs)).astype(np.float64)
            v = (random.random((chains, n)) < sigmoid(beta * (h @ transposed + visible_bias))).astype(np.float64)
        largest = log_weights.max()
        base = (n + m) * np.log(2)
        return {"value": float(base + largest + np.log(np.exp(log_weights - largest).mean()))}

    return run


serve(set_up)
