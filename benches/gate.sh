#!/usr/bin/env bash
# Fails when Apex became more expensive, by figures that the load of the machine does not move:
# instructions of Apex itself for each task, and memory. docs/PERFORMANCE.md explains them.
set -euo pipefail
. "$(dirname "$0")/commands.sh"

# Ceilings. The first three are a ratchet a little above what is reached; the goal is 60,000.
most_instructions_bare=234000
most_instructions_typical=243000
most_instructions_listed=71000
most_memory_commands_kib=$((44 * 1024))
most_memory_schedule_kib=$((300 * 1024))

failed=0

# hold NAME VALUE CEILING: one line of the result; a value of 0 was not measured.
hold() {
  local word=ok
  if [ "$2" -le 0 ] || [ "$2" -gt "$3" ]; then word=FAILED failed=1; fi
  printf '%-46s %12d  at most %9d  %s\n' "$1" "$2" "$3" "$word"
}

# A machine of a developer: forty variables, of which PATH is long.
typical=(HOME=/home/user USER=user LANG=C.UTF-8 TERM=xterm SHELL=/bin/bash "PATH=$PATH")
for number in $(seq 34); do typical+=("TYPICAL_VARIABLE_$number=a value of some length, $number"); done
bare=("PATH=$PATH")

# instructions N FORM VARIABLE...: user-space instructions of one run, without those of its children.
instructions() {
  local count=$1 form=$2 folder
  shift 2
  folder=$(project "$count" ${form:+"$form"})
  # Looks at the machine come by the clock, and a run below callgrind takes long.
  grep -q '^telemetry' "$folder/apex.yaml" ||
    printf 'telemetry: {resources: {enabled: false}}\n' >>"$folder/apex.yaml"
  (cd "$folder" && env -i "$@" valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$apex" run --jobs 2 >/dev/null 2>"$work/callgrind.txt") || { cat "$work/callgrind.txt" >&2; return 1; }
  check_run "$folder" "$count"
  sed -n 's/^.*Collected *: *//p' "$work/callgrind.txt" | tail -1
}

# slope FORM VARIABLE...: instructions for each further task.
slope() {
  local small large
  small=$(instructions 100 "$@")
  large=$(instructions 1000 "$@")
  echo $(((large - small) / 900))
}

if command -v valgrind >/dev/null; then
  hold 'instructions a task, only PATH set' "$(slope '' "${bare[@]}")" "$most_instructions_bare"
  hold 'instructions a task, 40 variables' "$(slope '' "${typical[@]}")" "$most_instructions_typical"
  hold 'instructions a test that is listed' "$(slope listed "${bare[@]}")" "$most_instructions_listed"
elif [[ ,${APEX_TEST_REQUIRE:-}, == *,valgrind,* ]]; then
  echo 'valgrind is required and was not found' >&2
  exit 1
else
  echo 'instructions were not counted: valgrind was not found'
fi

folder=$(project 10000)
read -r _ memory < <(cd "$folder" && "$bin/once" 0 "$apex" run --jobs 2)
check_run "$folder" 10000
hold 'KiB of memory, 10,000 commands' "$memory" "$most_memory_commands_kib"

read -r _ memory < <("$bin/once" 0 "$bin/schedule_jobs" 100000)
hold 'KiB of memory, 100,000 jobs scheduled' "$memory" "$most_memory_schedule_kib"

exit "$failed"
