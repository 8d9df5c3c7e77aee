#!/usr/bin/env bash
# Breaks the scheduler on purpose, one mutation of `list.tsv` at a time, and requires that the
# simulation with its oracle notices. Works on a copy; the repository is not touched.
#
#   tests/mutations/run.sh [NAME...]     all mutations, or those whose name contains a word
#
# APEX_MUTATION_RUNS     simulated runs for each mutation, 24000 unless set
# APEX_MUTATION_FOLDER   where to work, kept afterwards; a folder that is removed unless set
# APEX_MUTATION_BUILD    what to put before cargo, for example a wrapper that limits builds
#
# Prints a table; ends with 1 when a mutation survives, cannot be applied or does not build.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
runs=${APEX_MUTATION_RUNS:-24000}
build=${APEX_MUTATION_BUILD:-}

if [[ -n ${APEX_MUTATION_FOLDER:-} ]]; then
    work=$APEX_MUTATION_FOLDER
    mkdir -p "$work"
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

# A workspace of the two pure crates and the simulation: nothing else has to be built again.
prepare() {
    mkdir -p "$work/crates" "$work/simulation/src"
    for part in crates/apex-config crates/apex-core; do
        rm -rf "${work:?}/$part"
        cp -r "$root/$part" "$work/crates/"
    done
    rm -rf "$work/config" "$work/simulation/mission_critical"
    cp -r "$root/config" "$work/"
    mkdir "$work/simulation/mission_critical"
    cp -r "$root/tests/mission_critical/scheduler" "$work/simulation/mission_critical/"
    echo 'mod scheduler;' >"$work/simulation/mission_critical/main.rs"
    cp "$root/tests/src/random.rs" "$work/simulation/src/"
    cp "$root/Cargo.lock" "$work/"
    sed -e 's|^members = .*|members = ["crates/*", "simulation"]|' \
        -e '/^exclude = /d' -e '/^default-members = /d' "$root/Cargo.toml" >"$work/Cargo.toml"
    echo 'pub mod random;' >"$work/simulation/src/lib.rs"
    cat >"$work/simulation/Cargo.toml" <<'MANIFEST'
[package]
name = "apex-tests"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
publish.workspace = true
autotests = false

[dev-dependencies]
apex-config.workspace = true
apex-core.workspace = true

[[test]]
name = "mission_critical"
path = "mission_critical/main.rs"
MANIFEST
}

# Replaces the only occurrence of a text in a file; fails when there is none or more than one.
replace() {
    OLD=$2 NEW=$3 perl -0pi -e '
        my ($old, $new) = ($ENV{OLD}, $ENV{NEW});
        # Line ends are written as \n in the list.
        s/\\n/\n/g for $old, $new;
        my $found = () = /\Q$old\E/g;
        die "found $found times: $old\n" if $found != 1;
        s/\Q$old\E/$new/;' "$1"
}

# simulate: builds and runs; prints what the first failing run broke, or `survived`.
simulate() {
    local log=$work/log
    if ! (cd "$work" && $build cargo test --quiet -p apex-tests --test mission_critical --no-run \
        >"$log" 2>&1); then
        echo "does not build: $(grep -m1 '^error' "$log")"
        return
    fi
    local program
    program=$(find "$work/target/debug/deps" -name 'mission_critical-*' -type f -perm -u+x \
        -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2)
    local status=0
    # A mutated scheduler may never come to an end.
    APEX_SIMULATION_RUNS=$runs RUST_BACKTRACE=0 timeout 300 "$program" scheduler \
        >"$log" 2>&1 || status=$?
    case $status in
    0) echo survived ;;
    124) echo 'killed: the simulation does not end' ;;
    *) echo "killed: $(grep -m1 -E '^seed |assertion|overflow|already|index out' "$log" |
        sed -E 's/^seed [0-9]+: (event [0-9]+: )?//')" ;;
    esac
}

is_wanted() {
    local name=$1 word
    shift
    [[ $# -eq 0 ]] && return 0
    for word in "$@"; do
        [[ $name == *"$word"* ]] && return 0
    done
    return 1
}

prepare
unchanged=$(simulate)
if [[ $unchanged != survived ]]; then
    echo "the scheduler as it is: $unchanged"
    exit 1
fi

failures=0 count=0
echo '| mutation | what saw it |'
echo '|---|---|'
while IFS=$'\t' read -r name file old new; do
    [[ -z $name || $name == \#* ]] && continue
    is_wanted "$name" "$@" || continue
    count=$((count + 1))
    target=$work/crates/apex-core/src/$file
    if replace "$target" "$old" "$new" 2>"$work/log"; then
        answer=$(simulate)
    else
        answer="cannot be applied: $(head -1 "$work/log")"
    fi
    cp "$root/crates/apex-core/src/$file" "$target"
    # The copy has to look newer than what was built from the mutation.
    touch "$target"
    echo "| $name | ${answer#killed: } |"
    [[ $answer == killed:* ]] || failures=$((failures + 1))
done <"$here/list.tsv"
echo
echo "$count mutations, $failures not killed, $runs runs each"
[[ $failures -eq 0 ]]
