"""ONNX Runtime as a peer: CPU provider, every graph optimisation, input and output bound once."""

import onnx_model
import onnxruntime
from layer import CannotRun

VERSION = onnxruntime.__version__
LAYOUTS = ["nchw"]


def prepare(layer, _layout, threads):
    """What runs the layer once, and the array [N, C, spatial...] that it writes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Workers spin within a run, as they do by default, but not beyond it, where someone else is measured.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        session = onnxruntime.InferenceSession(onnx_model.build(layer), options, providers=["CPUExecutionProvider"])
    except CannotRun:
        raise
    except Exception as error:  # ONNX Runtime's exceptions derive from Exception alone
        raise CannotRun(" ".join(str(error).split())[:300]) from error
    inputs, output = onnx_model.tensors(layer)
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
    binding.bind_output("y", "cpu", 0, output.dtype, output.shape, output.ctypes.data)

    def run(_keep_alive=(inputs, output)):
        session.run_with_iobinding(binding)

    return run, lambda: output
