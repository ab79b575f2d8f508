"""Kernels that `polyphase` compiles, called through the C functions of their shared libraries."""

import ctypes
import json
import pathlib
import re
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]

GUARD = 64  # bytes on either side of an output that a kernel may not touch
GUARD_BYTE = 0xA5


class Rejection(Exception):
    """A problem that `polyphase` does not accept; the text is its message."""


class KernelError(Exception):
    """A kernel's function returned an error; the text is NAME_last_error()."""


class Compiler:
    """The `polyphase` command."""

    def __init__(self, command, targets=(), compile_options=()):
        """`targets` are Halide target strings; none means the command's default. `compile_options` go to `compile`."""
        self.command = str(command)
        self.compile_options = list(compile_options)
        self.targets = [argument for target in targets for argument in ("--target", target)]

    def inspect(self, problems, directory):
        """The shapes of what is accepted and the messages about what is not: two dicts by problem name.

        A shape is (input shape, output shape), in the order of memory. The problem file, left in `directory`, holds the
        accepted ones."""
        file = pathlib.Path(directory) / "cases.json"
        messages = {}
        while True:
            accepted = [problem for problem in problems if problem["name"] not in messages]
            file.write_text(json.dumps(accepted, indent=1))
            if not accepted:
                return {}, messages
            result = self._run(["inspect", "--json", str(file), *self.targets])
            if result.returncode == 0:
                shapes = {entry["name"]: (tuple(entry["input"]["shape"]), tuple(entry["output"]["shape"]))
                          for entry in json.loads(result.stdout)}
                return shapes, messages
            names = {problem["name"] for problem in accepted}
            found = {}
            for line in result.stderr.splitlines():
                match = re.match(rf"polyphase: {re.escape(str(file))}: (\w+): (.*)", line)
                if match and match[1] in names:
                    found.setdefault(match[1], []).append(match[2])
            # Bad input is exit status 2 with every bad problem named; anything else is a failure of the command itself.
            if result.returncode != 2 or not found:
                raise RuntimeError(f"polyphase inspect ended with status {result.returncode}: {result.stderr.strip()}")
            messages |= found

    def compile(self, directory, jobs):
        """Compiles `directory`/cases.json there; returns the messages of what failed, by problem name."""
        file = pathlib.Path(directory) / "cases.json"
        result = self._run(["compile", "--shared", "--json", "--jobs", str(jobs), "--out", str(directory), str(file),
                            *self.targets, *self.compile_options])
        if result.returncode not in (0, 1):
            raise RuntimeError(f"polyphase compile ended with status {result.returncode}: {result.stderr.strip()}")
        return {entry["name"]: entry["error"] for entry in json.loads(result.stdout) if entry["status"] == "failed"}

    def _run(self, arguments):
        return subprocess.run([self.command, *arguments], capture_output=True, text=True, check=False)


class Kernel:
    """libNAME.so in `directory`. Tensors are numpy arrays, dense, in the problem's layout."""

    def __init__(self, directory, name, output_shape, threads=None):
        """`threads`: how many it may use; None leaves that to the library."""
        self._library = ctypes.CDLL(str(pathlib.Path(directory).resolve() / f"lib{name}.so"))
        self._name = name
        self._output_shape = tuple(output_shape)
        self._function("last_error").restype = ctypes.c_char_p
        self._packed = None
        if threads is not None:
            self._library.polyphase_set_num_threads(threads)

    def pack(self, weights, bias=None, slopes=None):
        """Packs the weights that the next runs use."""
        size = self._function("packed_size")
        size.restype = ctypes.c_size_t
        packed = _Guarded(size())
        arguments = [weights, bias] if slopes is None else [weights, bias, slopes]
        self._call("pack" if slopes is None else "pack_prelu", *map(_as_f32, arguments), packed)
        packed.check(f"{self._name}_pack")
        self._packed = packed

    def run(self, x, residual=None):
        """The output, [N, C, spatial...] or [N, spatial..., C]."""
        output = self._output(np.float32)
        if residual is None:
            self._call("run", _as_f32(x), self._packed, output, self._workspace())
        else:
            self._call("run_residual", _as_f32(x), self._packed, _as_f32(residual), output, self._workspace())
        return self._array(output, np.float32)

    def run_with_indices(self, x):
        """The output and its indices, of the output's shape."""
        output, indices = self._output(np.float32), self._output(np.int64)
        self._call("run_with_indices", _as_f32(x), output, indices, self._workspace())
        return self._array(output, np.float32), self._array(indices, np.int64)

    def run_indexed(self, x, indices):
        """The output. An error must leave it alone, which is checked."""
        output = self._output(np.float32)
        try:
            self._call("run_indexed", _as_f32(x), np.ascontiguousarray(indices, np.int64), output, self._workspace())
        except KernelError:
            if not output.untouched():
                raise AssertionError(f"{self._name}_run_indexed wrote to the output of a run that it refused") from None
            raise
        return self._array(output, np.float32)

    def bind(self, x, output, indices=None):
        """A function without parameters that runs the kernel from `x` (and `indices`) to `output`, arrays that are used as
        they are; it allocates nothing, so that it may be timed."""
        suffix, tensors = ("run", [x, self._packed]) if indices is None else ("run_indexed", [x, indices])
        tensors += [output, self._workspace()]
        function, pointers = self._function(suffix), [_pointer(tensor) for tensor in tensors]

        def run(_keep_alive=tensors):
            if function(*pointers) != 0:
                raise KernelError(self._function("last_error")().decode())

        return run

    def _function(self, suffix):
        return getattr(self._library, f"{self._name}_{suffix}")

    def _call(self, suffix, *arguments):
        if self._function(suffix)(*map(_pointer, arguments)) != 0:
            raise KernelError(self._function("last_error")().decode())

    def _output(self, dtype):
        return _Guarded(int(np.prod(self._output_shape)) * np.dtype(dtype).itemsize)

    def _array(self, output, dtype):
        output.check(self._name)
        return output.data.view(dtype).reshape(self._output_shape)

    def _workspace(self):
        size = self._function("workspace_size")
        size.restype = ctypes.c_size_t
        return _Guarded(size())


class _Guarded:
    """Bytes between guards."""

    def __init__(self, size):
        self._whole = np.full(size + 2 * GUARD, GUARD_BYTE, np.uint8)
        self.data = self._whole[GUARD:GUARD + size]

    def check(self, who):
        if (self._whole[:GUARD] != GUARD_BYTE).any() or (self._whole[-GUARD:] != GUARD_BYTE).any():
            raise AssertionError(f"{who} wrote outside its output")

    def untouched(self):
        return bool((self._whole == GUARD_BYTE).all())


def _as_f32(array):
    return None if array is None else np.ascontiguousarray(array, np.float32)


def _pointer(argument):
    if argument is None:
        return None
    array = argument.data if isinstance(argument, _Guarded) else argument
    return ctypes.c_void_p(array.ctypes.data)
