# SPDX-License-Identifier: MIT
# NVIDIA's run-time compiler for tests: it needs no GPU and no toolkit. Sourced after common.sh.

# fetch_nvrtc DIR [11|12]: prints the path of a libnvrtc below DIR, which it gets with pip the first time; 12 if not
# told. Returns 1 if there is none for this machine.
fetch_nvrtc()
{
    local dir=$1 major=${2:-12} found
    found=$(find "$dir/cu$major" -name 'libnvrtc.so.*' 2>/dev/null | head -n 1)
    if [ -z "$found" ]; then
        mkdir -p "$dir" || return 1
        # Beside its place and then renamed, so that an interrupted download is no half library.
        rm -rf "$dir/cu$major.part"
        quietly python3 -m pip install --quiet --no-deps --disable-pip-version-check --target "$dir/cu$major.part" \
            "nvidia-cuda-nvrtc-cu$major" || return 1
        rm -rf "${dir:?}/cu$major"
        mv "$dir/cu$major.part" "$dir/cu$major" || return 1
        found=$(find "$dir/cu$major" -name 'libnvrtc.so.*' | head -n 1)
    fi
    [ -n "$found" ] && realpath "$found"
}
