# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts: source it, do not run it. What it has is in lib/.
#
#   REPO   this repository              CACHE  kernels, shared by all clones
#   WORK   scratch trees and builds of this clone, inside CACHE
#
# Errors go to stderr and exit 1, wrong usage exits 2.

set -euo pipefail
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE CDPATH

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-${HOME:?is not set: set it or XDG_CACHE_HOME}/.cache}/kiobuf
# shellcheck disable=SC2034 # for those who source this
WORK=$CACHE/work/$(printf %s "$REPO" | sha256sum | cut -c1-12)
JOBS=${JOBS:-$(nproc)}
PROG=${0##*/}
# An unchanged file need not be compiled twice, if ccache is installed. All our
# builds have their tree next to them: with names relative to this, what was
# compiled in one need not be compiled in the next.
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$CACHE}
# One run of the compiler for a file that is not in the cache, not two.
export CCACHE_DEPEND=${CCACHE_DEPEND-1}
[[ :$PATH: = *:/usr/lib/ccache:* || ! -d /usr/lib/ccache ]] ||
	PATH=/usr/lib/ccache:$PATH
# shellcheck source=configs/base
. "$REPO/configs/base"
# shellcheck source=scripts/lib/words.sh
. "$REPO/scripts/lib/words.sh"
# shellcheck source=scripts/lib/packages.sh
. "$REPO/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/series.sh
. "$REPO/scripts/lib/series.sh"
# shellcheck source=scripts/lib/kernel.sh
. "$REPO/scripts/lib/kernel.sh"
# shellcheck source=scripts/lib/guest.sh
. "$REPO/scripts/lib/guest.sh"
