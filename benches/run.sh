#!/usr/bin/env bash
# Measures Apex beside the limits of this machine, in rotation, and prints Markdown tables of the
# medians. `benches/run.sh [ROTATIONS]`, 5 if not said. Needs cargo; ninja is left out when it is
# not there. docs/PERFORMANCE.md explains the figures.
set -euo pipefail
. "$(dirname "$0")/commands.sh"
rotations=${1:-5}

# measure NAME FOLDER COMMAND...: one run; its figures are added to those of that name.
declare -A cpu memory
measure() {
  local name=$1 folder=$2 code=${expected:-0} used kib
  shift 2
  read -r used kib < <(cd "$folder" && "$bin/once" "$code" "$@")
  cpu[$name]+=" $used"
  memory[$name]+=" $kib"
}

# row NAME BASE: the medians of a name, and the ratio of CPU to the base.
row() {
  local own base kib
  # The lists are to be split.
  # shellcheck disable=SC2086
  own=$(median ${cpu[$1]}) base=$(median ${cpu[$2]}) kib=$(median ${memory[$1]})
  awk -v name="$1" -v own="$own" -v base="$base" -v kib="$kib" \
    'BEGIN { printf "| %s | %.2f | %.2f | %.1f |\n", name, own / 1000, own / base, kib / 1024 }'
}

head_of() { printf '\n### %s\n\n| | CPU ms | ratio | memory MiB |\n|---|---|---|---|\n' "$1"; }

# commands N FORM ARGUMENT...: N trivial commands, beside the limit that starts the same ones.
commands() {
  local count=$1 form=$2 folder
  shift 2
  cpu=() memory=()
  for _ in $(seq "$rotations"); do
    folder=$(project "$count" ${form:+"$form"})
    measure 'posix_spawn and a pipe' "$folder" "$bin/spawn_limit" "$count" 2 /bin/true "$@"
    measure 'apex run --jobs 2' "$folder" "$apex" run --jobs 2
    check_run "$folder" "$count"
  done
  head_of "$count trivial commands${form:+, $form by one category}"
  row 'posix_spawn and a pipe' 'posix_spawn and a pipe'
  row 'apex run --jobs 2' 'posix_spawn and a pipe'
}

for count in 100 1000 10000; do
  commands "$count" ''
  # /bin/true does more when it has an argument, so the limit has one, too.
  commands "$count" listed task_1
done

cpu=() memory=()
mkdir "$work/shipped"
cp -r config "$work/shipped/config"
for _ in $(seq $((rotations * 4))); do
  measure /bin/true "$work" /bin/true
  measure 'apex --version' "$work" "$apex" --version
  # 4: in a folder without tests there is nothing to run.
  expected=4 measure 'apex plan, shipped configuration' "$work/shipped" "$apex" plan
done
head_of 'Start'
for name in /bin/true 'apex --version' 'apex plan, shipped configuration'; do row "$name" /bin/true; done

for count in 10000 100000 1000000; do
  cpu=() memory=()
  graph=$work/graph-$count
  "$bin/gen_graph" "$graph" "$count"
  for _ in $(seq "$rotations"); do
    if command -v ninja >/dev/null; then measure 'ninja -n' "$graph" ninja -n --quiet; fi
    measure 'plan_graph' "$graph" "$bin/plan_graph" graph.txt
  done
  head_of "Graph of $count nodes"
  if command -v ninja >/dev/null; then
    row 'ninja -n' 'ninja -n'
    row 'plan_graph' 'ninja -n'
  else
    row 'plan_graph' 'plan_graph'
  fi
done

cpu=() memory=()
for _ in $(seq "$rotations"); do measure 'schedule_jobs 100000' "$work" "$bin/schedule_jobs" 100000; done
head_of 'Plan and schedule 100,000 jobs, no processes'
row 'schedule_jobs 100000' 'schedule_jobs 100000'

cpu=()
mkdir "$work/elsewhere"
for _ in $(seq "$rotations"); do
  for mib in 0 500; do
    cpu["here $mib"]+=" $(cd "$work" && "$bin/spawn_memory" "$mib" 500 .)"
    cpu["elsewhere $mib"]+=" $(cd "$work" && "$bin/spawn_memory" "$mib" 500 elsewhere)"
  done
done
printf '\n### A start beside memory\n\n| | CPU us | ratio |\n|---|---|---|\n'
for place in here elsewhere; do
  for mib in 0 500; do
    # The lists are to be split.
    # shellcheck disable=SC2086
    own=$(median ${cpu["$place $mib"]}) base=$(median ${cpu["$place 0"]})
    awk -v name="$place, $mib MiB" -v own="$own" -v base="$base" \
      'BEGIN { printf "| %s | %d | %.2f |\n", name, own, own / base }'
  done
done
