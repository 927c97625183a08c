"""scikit-learn's BernoulliRBM, which trains by PCD-1 with as many chains as a mini-batch has rows.

A public `fit` of one pass over a few rows creates the model and its arrays as scikit-learn lays them out (column-major
`components_`, float32 where the data is float32). What is timed then is `_fit` per mini-batch: the body of the loop in
`fit`. Public `partial_fit` calls the same, but checks its input again in every call and knows float64 only; we leave
that cost out, in scikit-learn's favour. As in `fit`, the rows are taken in their stored order, without a copy.
"""

import numpy as np
from sklearn.neural_network import BernoulliRBM
from sklearn.utils import check_random_state

from protocol import read_case_files, serve


def set_up(case):
    if case["algorithm"] != "sml" or case["k"] != 1 or case["chains"] != case["batch"]:
        raise ValueError("BernoulliRBM trains by PCD-1 with one chain per row of a mini-batch only")
    dtype = np.dtype(case["dtype"])
    data, weights, visible_bias, hidden_bias = read_case_files(case)
    data = data.astype(dtype)
    batch = case["batch"]
    model = BernoulliRBM(
        n_components=case["hiddenUnits"],
        learning_rate=case["learningRate"],
        batch_size=batch,
        n_iter=1,
        random_state=1,
    )
    model.fit(data[:batch])
    if model.components_.dtype != dtype:
        raise ValueError(f"this version computes in {model.components_.dtype}, not {dtype}")
    model.components_[:] = weights.T
    model.intercept_visible_[:] = visible_bias
    model.intercept_hidden_[:] = hidden_bias
    random = check_random_state(1)
    batches = [data[start : start + batch] for start in range(0, len(data) - batch + 1, batch)]
    position = 0

    def run(count):
        nonlocal position
        for _ in range(count):
            model._fit(batches[position], random)
            position = (position + 1) % len(batches)
        return {"finite": bool(np.isfinite(model.components_.sum()))}

    return run


serve(set_up)
