#!/usr/bin/env bash
# Prints the arrows between the rooms (which room includes which) and fails when one points up the house, or when a room
# includes another that its CMake DEPS line does not name. Usage: include_arrows.sh CONTROLLER_FOLDER
set -euo pipefail
cd "$1"

# Lowest first: a room may include those before it.
order=(base loop tls etcd election growth rest kube access rpc http metrics notify sdk cli app)
rank() {
  local i
  for i in "${!order[@]}"; do
    [ "${order[$i]}" = "$1" ] && echo "$i" && return
  done
  echo "include_arrows: room $1 has no place in the order" >&2
  return 1
}

arrows=$(grep -rnoE '^#include "[a-z]+/' --include='*.h' --include='*.cc' . |
  sed -E 's|^\./([a-z]+)/.*#include "([a-z]+)/$|\1 \2|' | awk '$1 != $2' | sort | uniq -c)
[ -n "$arrows" ] || { echo 'include_arrows: found no include between rooms; is this the right folder?' >&2; exit 1; }

bad=0
while read -r count from to; do
  verdict=ok
  if [ "$(rank "$from")" -le "$(rank "$to")" ]; then
    verdict='POINTS UP'
    bad=1
  elif [ -f "$from/CMakeLists.txt" ] && [ "$from" != app ] &&
    ! sed -n '/DEPS/,/)/p' "$from/CMakeLists.txt" | grep -qwE "$to|bellwether::$to"; then
    verdict='NOT IN DEPS'
    bad=1
  fi
  printf '%-9s -> %-9s %4d  %s\n' "$from" "$to" "$count" "$verdict"
done <<<"$arrows"

# Two outlets never include each other.
outlets='http|rpc|metrics|notify|cli'
if awk '{print $2, $3}' <<<"$arrows" | grep -E "^($outlets) ($outlets)$"; then
  echo 'include_arrows: an outlet includes another' >&2
  bad=1
fi
exit "$bad"
