#!/bin/sh
# build-launcher.sh PROGRAM: compiles src/Launcher into one static program. Where there is no C compiler nothing is made, and workers do without
# namespaces, which they say when they start. CC and CFLAGS choose another compiler.
set -eu
program=$1
sources=$(dirname "$0")/../src/Launcher
compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
  echo "build-launcher.sh: no C compiler ('$compiler') is on the PATH: actions will not run in namespaces"
  exit 0
fi
mkdir -p "$(dirname "$program")"
# shellcheck disable=SC2086 # flags are words
"$compiler" -std=gnu11 -D_GNU_SOURCE ${CFLAGS:--O2} -Wall -Wextra -Werror -static -s -o "$program.$$" "$sources"/*.c
mv -f "$program.$$" "$program"
