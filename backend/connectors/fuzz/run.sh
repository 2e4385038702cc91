#!/bin/bash
# Feeds every target (see ../src/fuzz.rs) for its share of FUZZ_MINUTES, guided by which code is reached. What makes one
# panic is kept in findings/; mended, it belongs into corpus/TARGET, where the tests feed it ever after.
# FUZZ_TARGETS="guard lines" takes only those.
set -eu
cd "$(dirname "$0")"
triple=$(rustc -vV | sed -n 's/^host: //p')
targets=${FUZZ_TARGETS:-guard lines login reading asking writing deflate certificate message names autoconfig records token account_file}
seconds=$(( ${FUZZ_MINUTES:-10} * 60 / $(wc -w <<< "$targets") ))
coverage=(-Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    coverage+=("-Cllvm-args=-sanitizer-coverage-$option")
done
RUSTFLAGS="--cfg fuzzing ${coverage[*]}" cargo build --release --target "$triple"
mkdir -p findings
found=
for target in $targets; do
    mkdir -p "target/corpus/$target"
    echo "== $target: $seconds s"
    FUZZ_TARGET=$target "target/$triple/release/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -max_len=8192 -print_final_stats=1 -verbosity=0 -artifact_prefix="findings/$target-" \
        "target/corpus/$target" "corpus/$target" || found="$found $target"
done
if [ -n "$found" ]; then
    echo "Findings in:$found" >&2
    exit 1
fi
echo "No panic."
