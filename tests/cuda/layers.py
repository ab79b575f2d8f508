"""Compiles the kernels of bench/layers.json for CUDA, in both layouts, and looks at what ptxas makes of them: nothing is
spilled, nothing lies in local memory, and no exchange through shared memory lacks its barrier.

Prints a table of the kernels. exceptions.txt lists those that break a rule today. Running them takes a GPU: that is not
tested here."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import ptx  # noqa: E402

HERE = pathlib.Path(__file__).parent
LAYERS = HERE.parents[1] / "bench/layers.json"
TARGET = "x86-64-linux-cuda-cuda_capability_80"  # newer GPUs run its code too
ARCHITECTURES = ("sm_80", "sm_90")
SKIPPED = 77


def compile_all(program, out):
    """Lines of polyphase_cuda_layers, two programs at a time."""
    names = [problem["name"] for problem in json.loads(LAYERS.read_text())]
    runs = []
    for half in (names[::2], names[1::2]):
        arguments = [program, "--layers", LAYERS, "--out", out, "--target", TARGET]
        runs.append(subprocess.Popen([str(a) for a in arguments] + [a for name in half for a in ("--name", name)],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    lines, errors = [], []
    for run in runs:
        output, error = run.communicate()
        lines += [json.loads(line) for line in output.splitlines()]
        errors += [f"polyphase_cuda_layers: {error}"] if run.returncode or "guaranteed to fail" in error else []
    return lines, errors


def broken_rules(file, architecture):
    """(rule, sentence) of each rule that a kernel of a PTX file breaks, and a line of the table for each kernel."""
    broken, rows = [], []
    resources = ptx.assemble(file, architecture)
    for kernel in ptx.read_kernels(file):
        found = resources[kernel.name]
        name = pathlib.Path(file).stem.removeprefix("polyphase_code_").replace("_cuda_cuda_capability_80", "")
        rows.append(ptx.row(name, found, kernel))
        if found.spills:
            broken.append(("spills", f"expected no spilled register, found {found.spills} bytes"))
        if found.stack or kernel.count()["local"]:
            broken.append(("local", f"expected no local memory, found {found.stack} bytes"))
        if unguarded := kernel.unguarded_exchanges():
            broken.append(("barrier", "expected a barrier between accesses to shared memory, found none: " + unguarded[0]))
    return broken, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="polyphase_cuda_layers")
    arguments = parser.parse_args()
    try:
        ptx.ptxas()
    except ptx.Unusable as error:
        print(f"skipped: {error}")
        return SKIPPED

    text = (HERE / "exceptions.txt").read_text()
    exceptions = {tuple(line.split()[:3]) for line in text.splitlines() if line and not line.startswith("#")}
    found = {}
    with tempfile.TemporaryDirectory() as out:
        lines, failures = compile_all(arguments.program, out)
        for line in lines:
            if "error" in line:
                failures.append(f"{line['name']}: {line['error']}")
        print(ptx.heading())
        for line in lines:
            for file in line.get("device_code", []):
                for architecture in ARCHITECTURES:
                    broken, rows = broken_rules(file, architecture)
                    what = pathlib.Path(file).stem.rsplit("_", 1)[1]
                    found |= {(f"{line['name']}_{what}", architecture, rule): text for rule, text in broken}
                    if architecture == ARCHITECTURES[-1] and what == "run":
                        print("\n".join(rows))
    failures += [f"{' '.join(key)}: {text}" for key, text in found.items() if key not in exceptions]
    failures += [f"{' '.join(key)}: listed in exceptions.txt, but the rule holds: take the line out"
                 for key in sorted(exceptions - found.keys())]
    print(f"{len(lines)} kernels for {', '.join(ARCHITECTURES)}, {len(exceptions)} exceptions, {len(failures)} failures; "
          "not run: no test here uses a GPU")
    print("\n".join(failures))
    return bool(failures) or not lines


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ptx.Unusable as error:
        sys.exit(str(error))
