# SPDX-License-Identifier: MIT
# What every script here shares: the tree's root, messages, the build directory. Sourced by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '== %s\n' "$*"; }

die()
{
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Prints the leading comment of the calling script, which is its help.
print_usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Runs a command and shows its output only if it fails.
quietly()
{
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        cat "$log" >&2
        printf '%s: this failed with status %d: %s\n' "$(basename "$0")" "$status" "$*" >&2
    fi
    rm -f "$log"
    return "$status"
}

# configure DIR [MESON OPTION...]: makes the build directory, or gives an existing one these options if they changed.
configure()
{
    local dir=$1 wanted
    shift
    wanted="$*"
    if [ ! -f "$dir/build.ninja" ]; then
        mkdir -p "$dir"
        meson setup "$dir" "$root" "$@" </dev/null || return
    elif [ "$wanted" != "$(cat "$dir/options.txt" 2>/dev/null)" ]; then
        quietly meson configure "$dir" "$@" || return
    fi
    printf '%s\n' "$wanted" >"$dir/options.txt"
}

# with_plugin DIR: makes the build directory, or gives an existing one the plugin if it was left out there; whether tests
# are built stays as it was.
with_plugin()
{
    if [ ! -f "$1/build.ninja" ]; then
        # scripts/test turns tests on in the same directory.
        quietly configure "$1" -Dplugin=enabled -Dtests=disabled
    elif ! grep -q '^build gst/libgstcudazerocopy\.so' "$1/build.ninja"; then
        quietly meson configure "$1" -Dplugin=enabled || return
        rm -f "$1/options.txt" # or configure() would believe that the plugin is still left out
    fi
}
