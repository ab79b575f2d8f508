"""Runs ONNX's conformance suite through `polyphase`: problems in ONNX's terms, compiled and called through the C functions.

    suite.py list                                 checks that cases.txt lists the cases of the wheel
    suite.py compile --polyphase FILE --out DIR   compiles all cases in one call; with --tensors for polyphase_shipped
    suite.py run CASE --out DIR                   compares one case with its expected outputs
"""

import argparse
import json
import pathlib
import sys

import numpy as np

import kernels

LIST = pathlib.Path(__file__).parent / "cases.txt"

# ONNX's own runner allows rtol 1e-3 and atol 1e-7. The expected values come from float32 or float64 arithmetic.
RTOL, ATOL = 2e-6, 1e-6


def listed():
    return [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]


def check_list():
    import onnx_suite  # the other commands need no onnx

    found = onnx_suite.directories()
    wrong = [f"{name}: in the wheel, not in cases.txt" for name in found if name not in listed()]
    wrong += [f"{name}: in cases.txt, not in the wheel" for name in listed() if name not in found]
    counts = dict.fromkeys(onnx_suite.NODE_KINDS, 0)
    for name, path in found.items():
        if path.parent.name == "node":
            counts[max((kind for kind in counts if name.startswith(f"test_{kind}")), key=len)] += 1
    for kind, count in onnx_suite.NODE_KINDS.items():
        if counts[kind] != count:
            wrong.append(f"{kind}: expected {count} node cases, found {counts[kind]}")
    # A case of these operators under another name would be missed by the names above.
    operators = set(onnx_suite.TENSOR_INPUTS) - {"MaxPool"}
    for folder in sorted(path for path in onnx_suite.DATA.iterdir() if path.is_dir() and path.name != "light"):
        for path in sorted(case for case in folder.iterdir() if (case / "model.onnx").is_file()):
            if path.name not in found and operators & onnx_suite.operators_of(path):
                wrong.append(f"{folder.name}/{path.name}: has one of {sorted(operators)}, is not in cases.txt")
    print("\n".join(wrong) or f"{sum(counts.values())} node cases, {len(found) - sum(counts.values())} converted ones")
    return bool(wrong)


def compile_cases(command, directory, jobs, tensors, compile_options):
    import onnx_suite

    directory.mkdir(parents=True, exist_ok=True)
    cases = [onnx_suite.load(path) for path in onnx_suite.directories().values()]
    compiler = kernels.Compiler(command, compile_options=compile_options)
    shapes, messages = compiler.inspect([case.problem for case in cases], directory)
    failed = compiler.compile(directory, jobs) if shapes else {}
    for case in cases:
        arrays = {}
        for i, (inputs, outputs) in enumerate(case.data_sets):
            arrays |= {f"set{i}_input{k}": array for k, array in enumerate(inputs) if array is not None}
            arrays |= {f"set{i}_output{k}": array for k, array in enumerate(outputs)}
        np.savez(directory / f"{case.name}.npz", **arrays)
        message = messages.get(case.name) or ([failed[case.name]] if case.name in failed else [])
        if tensors:
            (directory / f"{case.name}.tensors").write_text(json.dumps(tensors_of(case) | {"messages": message}))
        case_file = {"problem": case.problem, "messages": message, "data_sets": len(case.data_sets),
                     "output": shapes.get(case.name, (None, None))[1]}
        (directory / f"{case.name}.case").write_text(json.dumps(case_file))
    print(f"{len(shapes) - len(failed)} of {len(cases)} cases compiled")
    for name in [*messages, *failed]:
        print(f"{name}: {messages.get(name) or failed[name]}")
    return 0  # each case fails by itself


def tensors_of(case):
    """What tests/shipped/tensors_file.h reads."""
    op = case.problem["op"]
    inputs = ["input", *{"ConvTranspose": ["weights", "bias"], "MaxUnpool": ["indices"]}.get(op, [])]
    outputs = ["output", *(["output_indices"] if op == "MaxPool" else [])]
    sets = []
    for read, expected in case.data_sets:
        named = [*zip(inputs, read, strict=False), *zip(outputs, expected, strict=True)]
        sets.append({name: array.ravel().tolist() for name, array in named if array is not None})
    return {"problem": case.problem, "rtol": RTOL, "atol": ATOL, "sets": sets}


def run_case(name, directory):
    case = json.loads((directory / f"{name}.case").read_text())
    problem = case["problem"]
    if case["messages"]:
        print(f"{json.dumps(problem)}\npolyphase: " + "\npolyphase: ".join(case["messages"]))
        return 1
    arrays = np.load(directory / f"{name}.npz")
    kernel = kernels.Kernel(directory, name, case["output"])
    for i in range(case["data_sets"]):
        inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith(f"set{i}_input")]
        expected = [arrays[key] for key in sorted(arrays.files) if key.startswith(f"set{i}_output")]
        found = run_kernel(kernel, problem["op"], inputs)
        if len(found) != len(expected):
            print(f"expected {len(expected)} outputs, found {len(found)}")
            return 1
        for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            if ours.dtype != theirs.dtype:
                print(f"output {k}: expected {theirs.dtype}, found {ours.dtype}")
                return 1
            exact = theirs.dtype.kind != "f"
            np.testing.assert_allclose(ours, theirs, rtol=0 if exact else RTOL, atol=0 if exact else ATOL, strict=True,
                                       err_msg=json.dumps(problem))
    return 0


def run_kernel(kernel, op, inputs):
    if op == "ConvTranspose":
        kernel.pack(inputs[1], inputs[2] if len(inputs) > 2 else None)
    if op == "MaxPool":
        return kernel.run_with_indices(inputs[0])
    return [kernel.run_indexed(inputs[0], inputs[1]) if op == "MaxUnpool" else kernel.run(inputs[0])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    compile_parser = commands.add_parser("compile")
    compile_parser.add_argument("--polyphase", required=True)
    compile_parser.add_argument("--out", type=pathlib.Path, required=True)
    compile_parser.add_argument("--jobs", type=int, default=2)
    compile_parser.add_argument("--tensors", action="store_true", help="also write CASE.tensors")
    compile_parser.add_argument("options", nargs="*", help="behind --: options of polyphase compile")
    run_parser = commands.add_parser("run")
    run_parser.add_argument("case", choices=listed())
    run_parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    if options.command == "list":
        return check_list()
    if options.command == "compile":
        return compile_cases(options.polyphase, options.out, options.jobs, options.tensors, options.options)
    return run_case(options.case, options.out)


if __name__ == "__main__":
    sys.exit(main())
