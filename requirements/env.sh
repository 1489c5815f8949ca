#!/usr/bin/env bash
# Make .venv from the locks: find a Python, name what the system lacks, install wheels whose hashes are known.
#
#   requirements/env.sh            build or refresh .venv
#   requirements/env.sh --missing  print the system packages that are missing, and stop
set -euo pipefail
cd "$(dirname "$0")/.."

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'
python=""
for candidate in ${PYTHON:-} python3.11 python3.12 python3; do
    if "$candidate" -c "$supported" 2>/dev/null; then
        python=$candidate
        break
    fi
done

missing=()
if [ -z "$python" ]; then
    missing+=(python3.11 python3.11-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=("python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
fi
# LightGBM's wheel links against the system's OpenMP runtime.
if ! "${python:-python3}" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then
    missing+=(libgomp1)
fi

if [ "${1:-}" = "--missing" ]; then
    echo "${missing[*]:-}"
    exit 0
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "This machine lacks: ${missing[*]}. As root, run this line and try again:" >&2
    echo "    apt-get install -y ${missing[*]}" >&2
    exit 1
fi

venv_python=.venv/bin/python
if ! "$venv_python" -c "$supported" 2>/dev/null; then
    echo "Making .venv with $("$python" --version) ..."
    rm -rf .venv
    "$python" -m venv .venv
fi
if ! { "$venv_python" -c pass && [ -x .venv/bin/pip ]; } 2>/dev/null; then
    "$venv_python" -m ensurepip --upgrade >/dev/null
fi

# A cache is a convenience: without a writable home it lives inside .venv.
if ! mkdir -p "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv" 2>/dev/null; then
    export UV_CACHE_DIR="$PWD/.venv/.uv-cache" PIP_NO_CACHE_DIR=1
fi
# Trust whom the system trusts: some networks sign with a certificate of their own.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=true PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"
fi
export UV_LINK_MODE=copy PIP_DISABLE_PIP_VERSION_CHECK=1

echo "Installing the pinned packages ..."
"$venv_python" -m pip install --quiet --root-user-action=ignore --only-binary=:all: --require-hashes \
    --requirement requirements/installer.lock
uv() { .venv/bin/uv "$@" --quiet --python "$venv_python"; }
# Compiled once here: where no bytecode may be written later, every process would compile all it imports anew.
uv pip sync --no-build --require-hashes --compile-bytecode requirements/dev.lock
uv pip install --no-deps --no-build-isolation --editable .
"$venv_python" -m compileall -q --invalidation-mode checked-hash contracts quant runtime actors adapters bot
echo "Ready: .venv/bin/python -m bot --help"
