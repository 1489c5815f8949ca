#!/bin/sh
# Let in one user, with the rights of rights.acl and the password in a file; then become the server. Further words go to it.
set -eu
umask 077
here=$(dirname "$0")
users=${REDIS_USERS_FILE:-/run/keel/users.acl}
secret=${REDIS_PASSWORD_FILE:-/run/secrets/redis}

hash=$(tr -d '\r\n' < "$secret" | sha256sum | cut -d ' ' -f 1)
printf 'user default off\nuser keel on #%s %s\n' "$hash" "$(cat "$here/rights.acl")" > "$users"
exec redis-server "$here/redis.conf" --aclfile "$users" "$@"
