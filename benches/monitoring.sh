#!/usr/bin/env bash
# Measures what looking at a run costs: the CPU of whole runs of 1,000 short tests with each part of
# monitoring on, beside the same run with all of it off, in rotation. Prints Markdown tables of the
# medians. `benches/monitoring.sh [ROTATIONS]`, 9 if not said. docs/PERFORMANCE.md explains the
# figures. `APEX_BENCH_BIN` names a folder with programs that are built already.
set -euo pipefail
if [ -n "${APEX_BENCH_BIN:-}" ]; then
  cargo() { :; }
fi
. "$(dirname "$0")/commands.sh"
bin=${APEX_BENCH_BIN:-$bin}
apex=$bin/apex
rotations=${1:-9}
tests=1000

off="logs: {level: 'off'}, resources: {enabled: false}"
declare -A telemetry=(
  ["off"]="$off"
  ["resources, every second"]="logs: {level: 'off'}, resources: {interval_seconds: 1}"
  ["log, level info"]="logs: {level: info}, resources: {enabled: false}"
  ["log, level debug"]="logs: {level: debug}, resources: {enabled: false}"
  ["metrics for a collector"]="$off, otlp: {folder: otlp, traces: false}"
  ["traces and metrics for a collector"]="$off, otlp: {folder: otlp}"
  ["as without a word"]=""
  ["all of it"]="logs: {level: info}, resources: {interval_seconds: 1}, otlp: {folder: otlp}, metrics: {file: metrics.txt}"
)
order=(off 'resources, every second' 'log, level info' 'log, level debug' 'metrics for a collector'
  'traces and metrics for a collector' 'as without a word' 'all of it')

# variant KIND NAME: the folder of a project with that part of monitoring, without earlier runs.
variant() {
  local folder="$work/$1-${2//[ ,]/_}"
  rm -rf "$folder/.apex" "$folder/otlp"
  if [ ! -e "$folder" ]; then
    cp -r "$work/$1" "$folder"
    rm -rf "$folder/.apex"
    printf 'telemetry: {%s}\n' "${telemetry[$2]}" >>"$folder/apex.yaml"
  fi
  echo "$folder"
}

# Tests of one program, each of which works for about a millisecond.
mkdir "$work/program"
cat >"$work/program/tests.sh" <<'END'
echo 1..1000
for number in $(seq 1000); do
  i=0
  while [ $i -lt 700 ]; do i=$((i + 1)); done
  echo "ok $number - test $number"
done
END
cat >"$work/program/apex.yaml" <<'END'
apex: 1
layers:
  fast: {categories: [{name: unit, command: [sh, tests.sh], report: stdout}]}
END
mv "$(project $tests)" "$work/commands"

for kind in program commands; do
  declare -A cpu=() memory=()
  for _ in $(seq "$rotations"); do
    for name in "${order[@]}"; do
      folder=$(variant "$kind" "$name")
      read -r used kib < <(cd "$folder" && "$bin/once" 0 "$apex" run --jobs 2)
      check_run "$folder" $tests
      cpu[$name]+=" $used"
      memory[$name]+=" $kib"
    done
  done
  events=$(wc -l <"$(ls -d "$folder"/.apex/runs/*/)events.jsonl")
  printf '\n### %s tests, %s, %s events\n\n' "$tests" "$kind" "$events"
  printf '| monitoring | CPU ms | ratio | µs an event | memory MiB |\n|---|---|---|---|---|\n'
  # The lists are to be split.
  # shellcheck disable=SC2086
  base=$(median ${cpu[off]})
  for name in "${order[@]}"; do
    # shellcheck disable=SC2086
    own=$(median ${cpu[$name]}) kib=$(median ${memory[$name]})
    awk -v name="$name" -v own="$own" -v base="$base" -v kib="$kib" -v events="$events" 'BEGIN {
      printf "| %s | %.1f | %.3f | %.2f | %.1f |\n", name, own / 1000, own / base,
        (own - base) / events, kib / 1024 }'
  done
done
printf '\nload average: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
