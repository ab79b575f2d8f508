#!/bin/sh
# Random problems on this machine's CUDA device: on_device.sh POLYPHASE POLYPHASE_SHIPPED DIR. Status 77 where there is none;
# scripts/gpu-check does more.
set -eu
polyphase=$1 shipped=$2 out=$3
random="--seed 31 --cases 2"
mkdir -p "$out"
# Answers before it looks for a library.
"$shipped" run --cuda --op resize --case 0 "$out" >"$out/device.txt" || [ $? -ne 77 ] || { cat "$out/device.txt"; exit 77; }
# shellcheck disable=SC2086
"$shipped" write $random "$out/random.json"
"$polyphase" compile "$out/random.json" --out "$out" --shared --target x86-64-linux-cuda-cuda_capability_80
# shellcheck disable=SC2086
exec "$shipped" run --cuda $random "$out"
