"""Whether and how each framework can be held to an instruction set below the processor's best."""

# Read by its libraries when they are loaded.
ISA_ENVIRONMENT = {
    ("torch", "avx2"): {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    ("openvino", "avx2"): {"ONEDNN_MAX_CPU_ISA": "AVX2"},
}
ISA_REASONS = {
    ("onnxruntime", "avx2"): "ONNX Runtime picks the instruction set of the processor and has no setting for it",
    ("litert", "avx2"): "XNNPACK picks the instruction set of the processor and LiteRT has no setting for it",
}
