#!/usr/bin/env python3
"""The pictures of scripts/bench, from results.json. Skipped without Matplotlib, which scripts/setup --bench fetches."""

import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "bench" / "report"), str(ROOT / ".deps" / "bench")]

scratch = tempfile.TemporaryDirectory()
os.environ["MPLCONFIGDIR"] = scratch.name  # its list of fonts

try:
    import plots
except ImportError as error:
    print(f"skipped: {error}; scripts/setup --bench fetches Matplotlib")
    sys.exit(77)

from results import Results  # noqa: E402

with tempfile.TemporaryDirectory() as name:
    plots.write(Results(json.loads((HERE / "results.json").read_text())), pathlib.Path(name))
    found = {
        file.name
        for file in pathlib.Path(name).iterdir()
        if file.read_bytes().startswith(b"\x89PNG") and file.stat().st_size > 10000
    }
expected = {"ratios.png", "ceilings.png", "efficiency.png"}
if found != expected:
    sys.exit(f"expected the pictures {sorted(expected)}, found {sorted(found)}")
