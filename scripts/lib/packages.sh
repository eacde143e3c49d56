# SPDX-License-Identifier: MIT
# Which Debian packages each job needs, and how they get installed. Sourced after common.sh.
#
# The names are those of Debian 12 (bookworm), 13 (trixie) and forky, and of Ubuntu 22.04 and 24.04.

packages_build=(g++ meson ninja-build pkg-config python3
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev)
packages_run=(gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly gstreamer1.0-libav)
packages_demo=(ca-certificates)
packages_fetch=(python3-pip)
packages_test=(libgtest-dev)
packages_check=(clang-format clang-tidy)

# Prints those of the named packages that dpkg does not know as installed.
missing_packages()
{
    local installed name
    # dpkg-query fails if it knows nothing of a single one.
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${binary:Package} ' "$@" 2>/dev/null || true) "
    for name in "$@"; do
        # Names of Multi-Arch: same packages carry their architecture.
        [[ $installed =~ " installed:$name"(:[a-z0-9]+)?" " ]] || printf '%s\n' "$name"
    done
}

# Runs a command as root, through sudo if need be; 1 if neither is possible.
as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@" </dev/null
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@" </dev/null
    fi
}

# need_packages JOB...: installs what the jobs lack. Takes a fraction of a second when nothing is missing.
need_packages()
{
    local job list wanted=() missing
    for job in "$@"; do
        list="packages_$job[@]"
        wanted+=("${!list}")
    done
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "not a Debian or Ubuntu system: install what these Debian packages hold by hand: ${wanted[*]}"
        return 0
    fi
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    [ ${#missing[@]} -gt 0 ] || return 0

    say "installing ${missing[*]}"
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    if ! as_root true 2>/dev/null; then
        die "cannot install packages: this is not root, and sudo is absent or wants a password. Type, as root:
    apt-get update && ${install[*]}"
    fi
    as_root apt-get update -qq || say "apt-get update failed; going on with the package lists that are there"
    as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" -qq -o Dpkg::Use-Pty=0 >/dev/null ||
        die "installing packages failed; the lines above say why. To try by hand, as root:
    apt-get update && ${install[*]}"
    hash -r
}
