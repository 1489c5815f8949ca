#!/usr/bin/env bash
# Make the secrets of deploy/compose.yaml: a random one for each door, in a file for each who needs it, readable by him alone.
#
#   sudo deploy/prepare.sh [DIRECTORY]     what is there already stays as it is
set -euo pipefail
directory=${1:-$(dirname "$0")/secrets}

if [ "$(id -u)" != 0 ]; then
    echo "The containers run as users of their own, and only root can give them files: sudo $0" >&2
    exit 1
fi
mkdir -p -m 0700 "$directory"

# The users are those of the images: keel 65532, redis 999, history (PostgreSQL) 70, Grafana 472.
secret() {
    local door=$1 value file holder
    shift
    value=$(cat "$directory/$door".* 2>/dev/null | head -c 64 || true)
    value=${value:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}
    for holder in "$@"; do
        file=$directory/$door.${holder%:*}
        if [ -e "$file" ]; then
            echo "kept $file"
            continue
        fi
        printf %s "$value" | install -m 0400 -o "${holder#*:}" /dev/stdin "$file"
        echo "made $file"
    done
}
secret redis server:999 keel:65532
secret history server:70 keel:65532
secret grafana server:472
