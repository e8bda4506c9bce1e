#!/usr/bin/env bash
# check.sh survives|finds FUZZER SEEDS RUNS: so many inputs, made of the seeds by the same random choices each time, find
# nothing; or they find the fault that is planted, which the seeds alone do not. How fast the machine is changes nothing.
# check.sh grows FUZZER SEEDS SECONDS: for so long, with the corpus of earlier times, which is kept beside the fuzzer.
# BELLWETHER_FUZZ_SEED chooses other inputs.
set -uo pipefail
expected=$1 fuzzer=$2 seeds=$3 amount=$4
seed=${BELLWETHER_FUZZ_SEED:-1}
name=$(basename "$fuzzer")
folder=$(dirname "$fuzzer")/$expected/$name
corpus=$folder/corpus crashes=$folder/crashes
[ "$expected" = grows ] || rm -rf "$folder"
mkdir -p "$corpus" "$crashes"
supp=$(dirname "$0")/../setup/lsan.supp
export LSAN_OPTIONS=suppressions=$(realpath "$supp")

# fuzz ARGUMENTS: a single input that takes a minute, or 2 GiB, is a fault too.
fuzz() {
  "$fuzzer" -seed="$seed" -timeout=60 -max_len=4096 -artifact_prefix="$crashes/" -print_final_stats=1 "$@" \
    >"$folder/log" 2>&1
}

# found_nothing ARGUMENTS: says what was found, and how to see it again.
found_nothing() {
  fuzz "$@" && return
  grep -v '^#[0-9]' "$folder/log" | tail -n 60
  local crash
  crash=$(find "$crashes" -type f -newer "$folder/started" | head -n 1)
  echo "$name, seed $seed: FAILED. The input: ${crash:-none was written, see $folder/log}"
  [ -z "$crash" ] || echo "again: ${BELLWETHER_PLANTED_FAULT:+BELLWETHER_PLANTED_FAULT=1 }$fuzzer $crash"
  return 1
}

inputs() { sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log"; }

touch "$folder/started"
case $expected in
  survives)
    found_nothing -runs="$amount" "$corpus" "$seeds" || exit 1
    echo "$name, seed $seed: nothing in $(inputs) inputs"
    ;;
  grows)
    found_nothing -max_total_time="$amount" "$corpus" "$seeds" || exit 1
    echo "$name, seed $seed: nothing in $(inputs) inputs; corpus: $(find "$corpus" -type f | wc -l)"
    ;;
  finds)
    export BELLWETHER_PLANTED_FAULT=1
    found_nothing -runs=0 "$seeds" || {
      echo "the planted fault shows on a seed: it proves nothing of the fuzzer"
      exit 1
    }
    if fuzz -runs="$amount" "$corpus" "$seeds"; then
      echo "$name, seed $seed: the planted fault was NOT found in $(inputs) inputs"
      exit 1
    fi
    grep -q '^broken rule: ' "$folder/log" || {
      tail -n 60 "$folder/log"
      echo "$name, seed $seed: ended by something else than a broken rule"
      exit 1
    }
    echo "$name, seed $seed: found the planted fault: $(grep -m 1 '^broken rule: ' "$folder/log")"
    ;;
  *)
    echo "check.sh: no such expectation: $expected" >&2
    exit 2
    ;;
esac
