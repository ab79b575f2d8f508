"""OpenVINO as a peer: CPU plugin in f32 (with AMX its default is bf16), one stream, input and output set once."""

import os

import onnx_model
import openvino
from layer import CannotRun

VERSION = openvino.__version__.split("-")[0]
LAYOUTS = ["nchw"]


def prepare(layer, _layout, threads):
    """What runs the layer once, and the array [N, C, spatial...] that it writes."""
    core = openvino.Core()
    try:
        model = core.read_model(onnx_model.build(layer))
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY",
                "ENABLE_CPU_PINNING": False,
            },
        )
    except RuntimeError as error:
        text = " ".join(str(error).split())
        raise CannotRun(text.partition("Summary: -- ")[2].partition(" To facilitate")[0] or text[:300]) from error
    if os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2":
        kernels = [node.get_rt_info()["primitiveType"].astype(str) for node in compiled.get_runtime_model().get_ops()]
        layer.require(
            not any("avx512" in kernel for kernel in kernels),
            "OpenVINO's own kernels (those that are not oneDNN's) use AVX-512 whatever ONEDNN_MAX_CPU_ISA says",
        )
    inputs, output = onnx_model.tensors(layer)
    request = compiled.create_infer_request()
    for name, array in inputs.items():
        request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
    request.set_tensor("y", openvino.Tensor(output, shared_memory=True))

    def run(_keep_alive=(inputs, output)):
        request.infer(share_outputs=True)

    return run, lambda: output
