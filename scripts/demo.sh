#!/bin/sh
# Install Headrace and its two client packages into build/demo-venv, then run examples/demo.py there.
# Needs Python 3.11 or newer (set PYTHON to choose one) and, the first time, a package index.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/build/demo-venv
ready=$venv/.ready
log=$root/build/demo-install.log

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "The demo needs Python 3.11 or newer; set PYTHON to its path." >&2
    exit 1
}

install() {
    python=$(find_python)
    mkdir -p "$root/build"
    if ! "$python" -m venv --clear "$venv" >"$log" 2>&1; then
        cat "$log" >&2
        echo "Could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
    printf 'Installing Headrace, boto3 and humanloop into build/demo-venv (once) '
    {
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input "$root[clients]" 2>&1 \
            && touch "$ready"
    } | tee "$log" | awk '/^ *Collecting/ { printf "."; fflush() }'
    if [ ! -e "$ready" ]; then
        printf ' failed:\n' >&2
        tail -n 20 "$log" >&2
        exit 1
    fi
    printf ' done.\n'
}

if [ ! -e "$ready" ] || [ -n "$(find "$root/pyproject.toml" "$root/src" -name '*.py*' -newer "$ready" | head -n 1)" ]; then
    install
fi
exec "$venv/bin/python" "$root/examples/demo.py"
