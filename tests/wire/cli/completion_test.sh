#!/usr/bin/env bash
# completion_test.sh BELLWETHER: what the real shells complete with the scripts of `bellwether completion`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$1" "$folder/bin/bellwether"
PATH=$folder/bin:$PATH
cd "$folder"
touch certificate.pem

for shell in bash zsh fish; do bellwether completion "$shell" >"$folder/$shell.script"; done

# Each prints the candidates for a command line, whose last word is being typed, one a line.
complete_in_bash() {
  bash --norc --noprofile -c '
    source bash.script
    line=$1
    # As readline does it: "=" is a word of its own.
    read -ra COMP_WORDS <<<"${line//=/ = }"
    [[ $line != *[\ =] ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _bellwether
    printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

# A real zsh on a terminal of its own; what its completion would add is written down instead.
complete_in_zsh() {
  rm -f candidates
  LINE=$1 zsh -f -c '
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source zsh.script"
    zpty -w shell "compadd() {
      local -a found; builtin compadd -A found \"\$@\"; print -rl -- \$found >>candidates; builtin compadd \"\$@\"; }"
    zpty -w shell "bindkey \"^I\" complete-word; zstyle \":completion:*\" verbose yes; print -r -- rea\"\"dy"
    zpty -r -m shell seen "*ready*" || exit 1
    zpty -n -w shell "$LINE"$'"'\t'"'
    for tried in {1..600}; do
      [[ -s candidates ]] && break
      zpty -r -t shell ignored || sleep 0.1
    done
    zpty -d shell' >/dev/null
  cat candidates 2>/dev/null || true
}

complete_in_fish() { HOME=$folder fish --no-config -c "source fish.script; complete -C '$1'" | cut -f 1; }

# offers LINE CANDIDATE…: in every shell, each of them and nothing that starts with "not:".
offers() {
  local line=$1 shell found wanted
  shift
  for shell in bash zsh fish; do
    found=$("complete_in_$shell" "$line" | sed 's/[ :].*//' | sort -u)
    for wanted in "$@"; do
      case $wanted in
        not:*)
          ! grep -qxF -e "${wanted#not:}" <<<"$found" ||
            { printf '%s: "%s" offers %s:\n%s\n' "$shell" "$line" "${wanted#not:}" "$found" >&2; exit 1; }
          ;;
        *)
          grep -qxF -e "$wanted" <<<"$found" ||
            { printf '%s: "%s" does not offer %s:\n%s\n' "$shell" "$line" "$wanted" "$found" >&2; exit 1; }
          ;;
      esac
    done
  done
}

offers 'bellwether ' get leader watch run controller completion not:validate
offers 'bellwether lea' leader not:get
offers 'bellwether get --' --output --endpoints --controller --watch not:--election
offers 'bellwether get -o ' json yaml wide table not:--output
offers 'bellwether leader a/b --color ' auto always never not:json
offers 'bellwether history --' --limit --controller --output not:--prefix
offers 'bellwether config ' validate not:get
offers 'bellwether config validate --' --set --output not:--endpoints
offers 'bellwether get --cacert c' certificate.pem
offers 'bellwether completion ' bash zsh fish
# What help prints is what is offered: every subcommand.
mapfile -t subcommands < <(bellwether --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
[ "${#subcommands[@]}" -ge 10 ] || { echo "only ${#subcommands[@]} subcommands in --help" >&2; exit 1; }
offers 'bellwether ' "${subcommands[@]}"

# The equals sign, which bash splits words at.
found=$(complete_in_bash 'bellwether get --output=js')
[ "$found" = json ] || { echo "bash: --output=js offers '$found'" >&2; exit 1; }
echo 'bash, zsh and fish complete'
