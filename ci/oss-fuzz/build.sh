#!/bin/bash
# Builds every fuzz target into $OUT, each with its seeds, dictionary and options, as OSS-Fuzz and ClusterFuzzLite want
# them. Runs in the checkout; SANITIZER and OUT are set by them. By hand, without their images:
#
#     OUT=/tmp/out SANITIZER=none RUSTC_BOOTSTRAP=1 ci/oss-fuzz/build.sh
set -eu

host="$(rustc -vV | sed -n 's/^host: //p')"
case "${SANITIZER:-address}" in
    # Coverage is a build of its own: cargo-fuzz's flags for fuzzing stay out of it.
    coverage) sanitizer=none ;;
    undefined | none) sanitizer=none ;;
    *) sanitizer="$SANITIZER" ;;
esac
# Debug assertions are on: an overflow or a broken invariant is a finding.
cargo fuzz build -O --debug-assertions --sanitizer "$sanitizer"

mkdir -p "$OUT"
for target in $(cargo fuzz list); do
    cp "fuzz/target/$host/release/$target" "$OUT/"
    seeds=("corpus/$target")
    case "$target" in
        script_parse) mapfile -t scripts < <(find specs -name '*.pkt') && seeds+=("${scripts[@]}") ;;
        dialogue_parse) mapfile -t dialogues < <(find specs -name '*.dlg') && seeds+=("${dialogues[@]}") ;;
    esac
    rm -f "$OUT/${target}_seed_corpus.zip"
    zip -q -r "$OUT/${target}_seed_corpus.zip" "${seeds[@]}"
    if [ -f "fuzz/dictionaries/$target.dict" ]; then
        cp "fuzz/dictionaries/$target.dict" "$OUT/$target.dict"
    fi
    if [ -f "fuzz/options/$target" ]; then
        { echo '[libfuzzer]'; tr ' ' '\n' < "fuzz/options/$target" | sed 's/^-//; s/=/ = /'; } > "$OUT/$target.options"
    fi
done
