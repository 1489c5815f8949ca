#!/usr/bin/env bash
# Have the servers that `make test-services` starts: name what the system lacks, fetch Kafka's jars whose hashes are known.
#
#   requirements/services.sh            fetch what can be fetched, say in one line each which server cannot be had
#   requirements/services.sh --missing  print the system packages that are missing, and stop
#
# Exit 1 where CI=true and Kafka or Redis cannot be had; elsewhere their tests are skipped with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.1.1
hashes=$PWD/requirements/kafka/jars.sha256
jars=${XDG_CACHE_HOME:-$HOME/.cache}/keel/kafka-$version

has() { command -v "$1" >/dev/null; }
has_java() { has java && [ "$(java -XshowSettings:properties -version 2>&1 |
    sed -n 's/.*java.specification.version = //p' | cut -d. -f1)" -ge 17 ]; }
verified() { (cd "$1" && sha256sum --check --strict --quiet "$hashes") >/dev/null 2>&1; }

missing=()
has redis-server && has redis-cli || missing+=(redis-server)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || has postgres || missing+=(postgresql)
has kcat || missing+=(kcat)
has openssl || missing+=(openssl)
has_java || missing+=(default-jre-headless)
has mvn || verified "$jars" || missing+=(maven)

if [ "${1:-}" = "--missing" ]; then
    echo "${missing[*]:-}"
    exit 0
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "This machine lacks: ${missing[*]}. As root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
fi

fetch_kafka() {
    local partial
    mkdir -p "$(dirname "$jars")"
    partial=$(mktemp -d "$jars.XXXXXX")
    echo "Fetching Kafka $version ..."
    if timeout 400 mvn --batch-mode --quiet -Dstyle.color=never --file requirements/kafka/pom.xml \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$partial" && verified "$partial"; then
        rm -rf "$jars"
        mv -T "$partial" "$jars"
    else
        rm -rf "$partial"
        return 1
    fi
}

lost=0
cannot_have() {
    echo "This machine cannot have $1: $2." >&2
    [ "$1" = postgres ] || lost=1
}

if ! has_java; then
    cannot_have kafka "no Java of version 17 or later"
elif ! verified "$jars" && ! { has mvn && fetch_kafka; }; then
    cannot_have kafka "its jars could not be fetched, or are not those of requirements/kafka/jars.sha256"
fi
has redis-server && has redis-cli || cannot_have redis "no redis-server"
[[ " ${missing[*]:-} " != *" postgresql "* ]] || cannot_have postgres "no server in /usr/lib/postgresql or on the path"

if [ "$lost" = 1 ] && [ "${CI:-}" = true ]; then
    exit 1
fi
