#!/bin/sh
# An agent without a library: kcat reads the marks, kcat writes what is believed of them. It follows the last move.
# usage: follow.sh BROKERS ENV AGENT HORIZON_S SIGMA
brokers=$1 env=$2 agent=$3 horizon_s=$4 sigma=$5

number() { # number NAME RECORD: the value of a field of a flat JSON object
    rest=${2#*\"$1\":}
    printf '%s' "${rest%%[,\}]*}"
}

kcat -C -q -u -b "$brokers" -t "keel.$env.market.marks" -o end -f '%k %s\n' |
while read -r symbol record; do
    mid=$(number mid "$record")
    key=mid_$(printf '%s' "$symbol" | tr -c 'A-Za-z0-9' _)
    eval "before=\${$key:-$mid}; $key=$mid"
    score=$(awk "BEGIN { print ($mid > $before) - ($mid < $before) }")
    printf '{"agent":"%s","symbol":"%s","mu":0,"sigma":%s,"horizon_s":%s,"score":%s}\n' \
        "$agent" "$symbol" "$sigma" "$horizon_s" "$score"
done |
kcat -P -b "$brokers" -t "keel.$env.agents.signals"
