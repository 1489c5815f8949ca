#!/usr/bin/env bash
# Make .venv-peers for `make bench-history`: every peer of requirements/peers.txt that this machine can install.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=true
fi
export UV_LINK_MODE=copy
[ -x .venv-peers/bin/python ] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv-peers
while read -r name others; do
    # shellcheck disable=SC2086  # several packages may stand in a line
    .venv/bin/uv pip install --quiet --only-binary :all: --python .venv-peers/bin/python "$name" $others 2>/dev/null ||
        echo "$name does not install here and is left out"
done < <(grep -v '^#' requirements/peers.txt)
