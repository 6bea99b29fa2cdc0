#!/bin/bash
# Installs with apt what this machine lacks for `make run`, `make test` or `make bench`. Says nothing where all is there; without root or
# sudo it names the packages and stops.
set -euo pipefail

missing=()
need() { # need PROBE PACKAGE: the package is wanted where the probe fails
  eval "$1" > /dev/null 2>&1 || missing+=("$2")
}

# The newest PostGIS that this release offers, as "postgresql-15-postgis-3"; fails where apt knows none.
postgis() {
  apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | cut -d' ' -f1 | sort -V | tail -n 1 | grep .
}

for_run() {
  need 'command -v cc' build-essential
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2> /dev/null \
    && command -v npm > /dev/null \
    || { echo "install.sh: Node 20.19 or later with npm is needed: https://nodejs.org" >&2; exit 1; }
}

for_test() {
  for_run
  need 'command -v git' git
  need 'command -v curl' curl
  need 'command -v chromium || command -v chromium-browser || command -v google-chrome' chromium
  need 'command -v ogrinfo' gdal-bin
  need 'command -v ffmpeg' ffmpeg
  need 'command -v valgrind' valgrind
  need 'python3 -m venv --help && python3 -m ensurepip --version' python3-venv
  need 'ls /usr/share/postgresql/*/extension/postgis.control' POSTGIS
}

# The peers and what asks them; Martin is no Debian package.
for_bench() {
  for_run
  need 'command -v wrk' wrk
  need 'command -v redis-server' redis-server
  need 'ls /usr/share/postgresql/*/extension/postgis.control' POSTGIS
}

case "${1:-}" in
  run) for_run ;;
  test) for_test ;;
  bench) for_bench ;;
  *) echo "usage: install.sh run|test|bench" >&2; exit 2 ;;
esac
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then as_root=()
elif command -v sudo > /dev/null; then as_root=(sudo)
else
  echo "install.sh: this needs root or sudo to install: ${missing[*]/POSTGIS/postgresql with postgis-3}" >&2
  exit 1
fi

echo "install.sh: installing ${missing[*]/POSTGIS/postgis}"
"${as_root[@]}" apt-get update -qq
for i in "${!missing[@]}"; do
  [ "${missing[$i]}" = POSTGIS ] || continue
  package=$(postgis) || { echo "install.sh: apt offers no postgresql-*-postgis-3" >&2; exit 1; }
  missing[i]=$package
done
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends --yes "${missing[@]}" > /dev/null
