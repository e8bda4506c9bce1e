# What `./run setup` installs: Debian's packages, Go and etcd. Sourced by ./run, from the root of the repository.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/bellwether

# The Go of a machine that has none, or an older one than GO_AT_LEAST.
GO_AT_LEAST=1.26
GO_VERSION=1.26.8

# Versions built from pinned modules (tests/setup/etcd). Debian's own packages are 3.4.23.
ETCD_OF_TESTS=(3.6.16)
ETCD_OF_SOAK=(3.5.8 3.5.35 3.7.3)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
  comm -23 <(grep -v '^#' tests/setup/packages.txt | sort) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p' | sort -u)
}

# without_services COMMAND…: Debian starts a service for some packages; a policy of ours forbids it meanwhile, so that
# nothing listens on etcd's or Prometheus' default port because of us. A subshell: its trap takes the policy away whatever
# happens, and a policy that an earlier, killed run of ours left is known by its mark.
without_services() (
  policy=/usr/sbin/policy-rc.d
  mark='bellwether: no services while ./run setup installs'
  if [ ! -e "$policy" ] || grep -q "$mark" "$policy"; then
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
  fi
  as_root "$@"
)

# apt_install PACKAGE…: newest lists first; waits for another program's hold on dpkg.
apt_install() {
  local system
  system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || true
  [ "$system" = 'debian 12' ] ||
    die "packages are missing ($*), and their names are Debian 12's: this system is '${system:-unknown}'. Install them by hand"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "packages are missing ($*), and installing them needs root: run ./run setup as root, or install sudo"
  say "installing $# Debian packages"
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -qq &&
    without_services env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      -o DPkg::Lock::Timeout=300 "$@"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    die 'apt-get could not install the packages (its words are above). Is the network up, and does apt-get update work?'
  fi
  rm -f "$log"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -eq 0 ] || apt_install "${missing[@]}"
}

# new_enough GO: is it there, and at least GO_AT_LEAST?
new_enough() {
  local version
  version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  printf '%s\n' "go$GO_AT_LEAST" "$version" | sort --check=quiet --version-sort
}

# Debian's Go is too old for etcd, and new enough to fetch a newer one the way Go itself does: as a module, whose checksum
# Go verifies. Modules keep no executable bits.
fetch_go() {
  local target=$CACHE/go-$GO_VERSION partial
  [ -x "$target/bin/go" ] && return
  command -v go >/dev/null || apt_install golang-go
  say "fetching Go $GO_VERSION"
  mkdir -p "$CACHE"
  partial=$(mktemp -d "$target.XXXXXX")
  local module="golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-$(dpkg --print-architecture)"
  if ! (cd "$partial" && GOMODCACHE=$partial/modules GOTOOLCHAIN=local go mod download "$module"); then
    discard "$partial"
    die "Go could not download $module. Is the network up? Or put Go $GO_AT_LEAST or newer on the PATH"
  fi
  chmod -R u+w "$partial"
  mv "$partial/modules/$module" "$partial/go"
  chmod +x "$partial"/go/bin/* "$partial"/go/pkg/tool/*/*
  put_in_place "$partial/go" "$target"
  discard "$partial"
}

discard() {
  chmod -R u+w "$1"
  rm -rf "$1"
}

# put_in_place NEW TARGET: whole or not at all; another run may have been faster.
put_in_place() { mv -T "$1" "$2" 2>/dev/null || [ -e "$2" ]; }

# use_go: the first Go that is new enough comes first on the PATH, and never replaces itself by another.
use_go() {
  local go
  for go in "$(command -v go || true)" /usr/local/go/bin/go "$CACHE/go-$GO_VERSION/bin/go"; do
    if [ -n "$go" ] && new_enough "$go"; then
      export PATH="${go%/*}:$PATH" GOTOOLCHAIN=local
      return
    fi
  done
  fetch_go
  export PATH="$CACHE/go-$GO_VERSION/bin:$PATH" GOTOOLCHAIN=local
}

# build_etcd VERSION: etcd, etcdctl and etcdutl into the cache, whole or not at all. A subshell: its trap takes away what an
# interrupted build leaves.
build_etcd() (
  version=$1 target=$CACHE/etcd-$1
  [ -x "$target/etcd" ] && exit
  say "building etcd $version"
  mkdir -p "$CACHE"
  partial=$(mktemp -d "$target.XXXXXX")
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  chmod 755 "$partial"
  for program in etcd etcdctl etcdutl; do
    package=go.etcd.io/etcd/$program/v3
    [ "$program" = etcd ] && package=go.etcd.io/etcd/server/v3
    (cd "tests/setup/etcd/$version" && go build -o "$partial/$program" "$package") ||
      die "etcd $version could not be built from Go modules (Go's words are above). Is the network up?"
  done
  put_in_place "$partial" "$target"
)

# setup [soak]: quick when all is there.
setup() {
  local version versions=("${ETCD_OF_TESTS[@]}")
  case "${1:-tests}" in
    tests) ;;
    soak) versions+=("${ETCD_OF_SOAK[@]}") ;;
    *) die "setup: no such part: $1 (soak, or nothing)" ;;
  esac
  install_packages
  use_go
  for version in "${versions[@]}"; do build_etcd "$version" || exit; done
}
