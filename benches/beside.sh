#!/usr/bin/env bash
# How much a run in front is slowed down by a background task that keeps every processor busy:
# seconds of the same run with and without it, turn by turn. `benches/beside.sh [ROTATIONS]`;
# `APEX_BENCH_BIN` names a folder with programs that are built already.
set -euo pipefail
if [ -n "${APEX_BENCH_BIN:-}" ]; then
  cargo() { :; }
fi
. "$(dirname "$0")/commands.sh"
bin=${APEX_BENCH_BIN:-$bin}
apex=$bin/apex
rotations=${1:-5}
processors=$(nproc)

folder=$work/beside
mkdir -p "$folder"
spin='import time; end = time.process_time() + 3\nwhile time.process_time() < end: pass'
{
  printf 'apex: 1\nlayers:\n  front:\n    categories:\n'
  for number in $(seq "$processors"); do
    printf '      - {name: front_%d, command: [python3, -c, "%s"]}\n' "$number" "$spin"
  done
  printf '  behind:\n    background_execution: true\n    max_duration_minutes: 30\n    categories:\n'
  for number in $(seq "$processors"); do
    printf '      - {name: behind_%d, timeout_seconds: 1800, command: [python3, -c, "while True: pass"]}\n' "$number"
  done
} >"$folder/apex.yaml"

# front: seconds of a run in front.
front() {
  local began
  began=$(date +%s.%N)
  (cd "$folder" && "$apex" run --layers front --jobs "$processors" >/dev/null 2>&1)
  echo "$(date +%s.%N) $began" | awk '{printf "%.3f", $1 - $2}'
}

# busy TASK: whether the programs of a background task have been running for a second.
busy() { "$apex" bg status "$1" --json | grep -q '"state": "running"' && sleep 1; }

alone=() beside=()
for _ in $(seq "$rotations"); do
  alone+=("$(front)")
  task=$(cd "$folder" && "$apex" run --background --layers behind --no-dependencies 2>/dev/null)
  for _ in $(seq 100); do
    (cd "$folder" && busy "$task") && break
    sleep 0.1
  done
  beside+=("$(front)")
  (cd "$folder" && "$apex" bg cancel "$task" >/dev/null && "$apex" bg wait "$task" >/dev/null 2>&1) || true
done
echo "| seconds of the run in front | alone | beside | ratio |"
echo "|---|---|---|---|"
a=$(median "${alone[@]}") b=$(median "${beside[@]}")
echo "| median of $rotations | $a | $b | $(echo "$a $b" | awk '{printf "%.3f", $2 / $1}') |"
echo "each: ${alone[*]} / ${beside[*]}"
