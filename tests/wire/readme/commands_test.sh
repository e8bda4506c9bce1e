#!/usr/bin/env bash
# commands_test.sh SOURCE BELLWETHER: the commands that README.md and docs/ show, executed as they are written there, in a
# network of its own in which etcd and the controller have the ports that the pages name. A command that this test does not
# know fails it.
set -euo pipefail

source=$1 bellwether=$2
if [ -z "${BELLWETHER_IN_ITS_NETWORK:-}" ]; then
  root=(--map-root-user)
  [ "$(id -u)" -ne 0 ] || root=()
  # The processes end with the shell that is the first one among them.
  BELLWETHER_IN_ITS_NETWORK=1 exec unshare --net --pid --fork --kill-child --mount-proc "${root[@]}" "$0" "$@"
fi
ip link set lo up

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$bellwether" "$folder/bin/bellwether"
PATH=$folder/bin:$PATH
cd "$folder"
printf '#!/bin/sh\nexec sleep 1000\n' >report-server
chmod +x report-server
echo 'etcd: {endpoints: ["http://127.0.0.1:2379"]}' >config.yaml

fail() {
  printf '%s\n' "$@" >&2
  tail -n 20 ./*.log >&2
  exit 1
}

# eventually COMMAND…: until it succeeds.
eventually() {
  local tried
  for tried in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "never came true: $* ($tried tries)"
}

started=0
# start COMMAND: as it stands, going on in the background.
start() {
  started=$((started + 1))
  bash -c "$1" >"$started.log" 2>&1 &
}

# streams PATTERN COMMAND: it goes on, and a line of what it writes.
streams() {
  start "$2"
  eventually grep -qE "$1" "$started.log"
}

# expect CODE PATTERN COMMAND: its exit code, and a line of what it writes.
expect() {
  local code=0 out
  out=$(bash -c "$3" 2>&1) || code=$?
  [ "$code" -eq "$1" ] || fail "exit code $code instead of $1: $3" "$out"
  grep -qE "$2" <<<"$out" || fail "no line like $2: $3" "$out"
}

start 'exec etcd --data-dir data --log-level error --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379'
eventually etcdctl endpoint health

execute() {
  local line=$1
  case $line in
    './run '*) # this test is a part of them
      "$source/run" help | grep -qE "^$(sed 's/ *#.*//' <<<"$line")( |$)" || fail "./run help does not tell of: $line"
      ;;
    'export '*) eval "$line" ;;
    'bellwether run --election batch/report '*)
      start "$line"
      eventually bellwether leader batch/report
      ;;
    'bellwether run --election batch/web '*'tcp:127.0.0.1:8080')
      # Nothing listens there before the controller does.
      start "$line"
      eventually grep -q 'not joining the queue' "$started.log"
      ;;
    'bellwether run --election batch/web '*)
      # The other one has the port; it leads, as what it checks is well by now.
      expect 1 'ddress already in use' "timeout 60 $line"
      eventually curl -sf localhost:4040/leader
      ;;
    'curl '*'text/plain'*' localhost:4040/ '*) expect 0 '^[a-z0-9.-]+$' "$line" ;;
    'curl '*' localhost:4040/ '*) expect 0 '^\{"name":"[a-z0-9.-]+"\}$' "$line" ;;
    'curl '*' localhost:4040/leader '*) expect 0 '^200$' "$line" ;;
    'curl '*' localhost:4040/v1/candidate '*) expect 0 '"fencingToken":[0-9]+' "$line" ;;
    'bellwether run '*' --prefix /TEST/LOCKER '*)
      start "$line"
      eventually bellwether leader --prefix /TEST/LOCKER
      expect 0 '^my-host$' 'bellwether leader --prefix /TEST/LOCKER'
      ;;
    'bellwether controller '*' --print-config'*) expect 0 'level: "debug"|level: "info"' "$line" ;;
    'bellwether controller --set etcd.endpoints='*)
      start "$line"
      eventually curl -sf localhost:8080/readyz
      ;;
    'bellwether controller --config config.yaml '*)
      # The other one has the port.
      expect 1 'ddress already in use' "timeout 60 $line"
      ;;
    'bellwether config validate config.yaml'*) expect 0 '^ok$' "$line" ;;
    # 4711 is beyond what this young etcd knows, so the answer says that it is behind.
    'curl '*'index=4711&wait=30s'*) expect 0 '"election":"batch/report"' "$line" ;;
    'curl -sN '*'/leader'*) streams '^event: leader$' "$line" ;;
    'curl -sN '*'/v1/watch'*) streams '^event: sync$' "$line" ;;
    'curl '*'text/plain'*'/leader'*) expect 0 '^[a-z0-9.-]+$' "$line" ;;
    'curl '*'/leader'*) expect 0 '"election": *"batch/report".*"stale": *false' "$line" ;;
    'curl '*'/history '*) expect 0 '"completeSince":' "$line" ;;
    'curl '*'/v1/elections '*) expect 0 'batch' "$line" ;;
    'curl '*'/metrics'*) expect 0 '^bellwether_election_leader\{' "$line" ;;
    'bellwether get --watch'*) streams '^batch/report ' "$line" ;;
    'source <(bellwether completion bash)'*) expect 0 '_bellwether' "$line; complete -p bellwether" ;;
    'bellwether leader '*'--controller'*) expect 0 '^[a-z0-9.-]+$' "$line" ;;
    'bellwether leader '*) expect 0 '^[a-z0-9.-]+$' "$line" ;;
    'bellwether watch '*) streams ' leader [^ ]+ [0-9]+$' "$line" ;;
    'bellwether history '*) expect 0 'TOKEN' "$line" ;;
    'bellwether queue '*) expect 0 'ID' "$line" ;;
    'bellwether get '*) expect 0 'batch/report' "$line" ;;
    'bellwether resign '*) expect 1 'lease' "$line" ;; # its leader is alive
    *) fail "README or docs show a command that this test does not know; add what it should do: $line" ;;
  esac
}

pages=("$source/README.md" "$source"/docs/*.md)
count=0
while IFS= read -r line; do
  execute "$line"
  count=$((count + 1))
done < <(sed -n '/^```/,/^```/d; s/^    \([^ ]\)/\1/p' "${pages[@]}")
[ "$count" -ge 15 ] || fail "only $count commands were found"
echo "$count commands work as written"
