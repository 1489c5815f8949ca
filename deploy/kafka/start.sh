#!/bin/sh
# Give a new volume its cluster id once, and become the broker.
set -eu
programs=${KAFKA_PROGRAMS:-/opt/kafka/bin}
properties=${1:-/etc/keel/server.properties}
data=$(sed -n 's/^log\.dirs=//p' "$properties")

if [ ! -e "$data/meta.properties" ]; then
    "$programs/kafka-storage.sh" format --standalone \
        --cluster-id "$("$programs/kafka-storage.sh" random-uuid)" --config "$properties"
fi
exec "$programs/kafka-server-start.sh" "$properties"
