# What run.sh and gate.sh share; to be sourced. Sets `work` (a folder that is removed at the end),
# `bin` and `apex`.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# One after the other: built together, Apex would get the features that the benches ask of its
# libraries, and be built twice.
cargo build --release --quiet --package apex-cli
cargo build --release --quiet --package apex-benches
bin=${CARGO_TARGET_DIR:-$PWD/target}/release
apex=$bin/apex
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# project N [listed]: the folder of a project of N commands, without runs of earlier measurements.
project() {
  local folder=$work/commands-$1${2:-}
  rm -rf "$folder/.apex"
  [ -e "$folder/apex.yaml" ] || "$bin/gen_commands" "$folder" "$@"
  echo "$folder"
}

# check_run FOLDER N: fails unless the run in that project wrote N passed tests everywhere.
check_run() {
  local events junit
  events=$(cat "$1"/.apex/runs/*/events.jsonl | grep -c '"type":"test.settled".*"outcome":"passed"' || true)
  junit=$(cat "$1"/.apex/runs/*/junit.xml | grep -c '<testcase ' || true)
  if [ "$events" -ne "$2" ] || [ "$junit" -ne "$2" ]; then
    echo "not the work that was asked for: $2 commands, $events in the journal, $junit in JUnit" >&2
    return 1
  fi
}

# median NUMBER...
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
