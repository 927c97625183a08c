"""Prints the versions of Python and of the packages that the peers use, as one JSON object; null for a missing one."""

import importlib
import json
import platform

versions = {"python": platform.python_version()}
for name in ("numpy", "scipy", "sklearn", "torch"):
    try:
        versions[name] = importlib.import_module(name).__version__
    except ImportError:
        versions[name] = None
try:
    from threadpoolctl import threadpool_info

    versions["blas"] = [
        f"{pool['internal_api']} {pool['version']} {pool.get('threading_layer', '')} {pool.get('architecture', '')}".strip()
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
except ImportError:
    versions["blas"] = None
print(json.dumps(versions))
