# shellcheck shell=bash disable=SC2153
# SPDX-License-Identifier: GPL-2.0
# The series: its parts, its patches as commits, and what it consists of.

# git for our own scratch trees: nobody's configuration, hooks or name, unless
# SGIT_NAME and SGIT_EMAIL are set.
sgit()
{
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null \
	GIT_AUTHOR_NAME=${SGIT_AUTHOR:-${SGIT_NAME:-kiobuf}} \
	GIT_AUTHOR_EMAIL=${SGIT_AUTHOR_EMAIL:-${SGIT_EMAIL:-kiobuf@localhost}} \
	GIT_COMMITTER_NAME=${SGIT_NAME:-kiobuf} \
	GIT_COMMITTER_EMAIL=${SGIT_EMAIL:-kiobuf@localhost} \
	GIT_AUTHOR_DATE="${GIT_AUTHOR_DATE:-1700000000 +0000}" \
	GIT_COMMITTER_DATE="${GIT_COMMITTER_DATE:-1700000000 +0000}" \
	git -c gc.auto=0 -c core.hooksPath=/dev/null -c safe.directory='*' \
		-c advice.detachedHead=false -c checkout.workers=0 "$@"
}

# "PART PATCH" for each patch of the series. A part begins with a line
# "# Part NAME: what it is"; what comes before the first one is in "-".
series_list()
{
	awk '/^# *Part +[a-z0-9-]+:/ { part = $3; sub(/:$/, "", part) }
		{ sub(/#.*/, "") }
		NF { print (part == "" ? "-" : part), $1 }' "$REPO/series"
}

series_parts()
{
	series_list | cut -d' ' -f1 | uniq
}

# use_part NAME: from here on the series ends with that part. No NAME: all of it.
use_part()
{
	PART=${1-}
	[ -z "$PART" ] || series_parts | grep -qxF -e "$PART" ||
		die "the series has no part $PART, it has:" \
			"$(series_parts | paste -sd' ')"
}
PART=

# The patches of the series in order, one name a line.
series_patches()
{
	series_list | awk -v part="$PART" '
		part != "" && seen && $1 != part { exit }
		$1 == part { seen = 1 }
		{ print $2 }'
}

# The number of the first patch of the part; 1 without one.
first_patch()
{
	series_list | awk -v part="$PART" '
		part == "" || $1 == part { print NR; exit }'
}

# The patches of the series as paths; fails if one is missing.
series_files()
{
	local p

	while read -r p; do
		[ -f "$REPO/patches/$p" ] ||
			die "series names patches/$p, which does not exist"
		printf '%s\n' "$REPO/patches/$p"
	done < <(series_patches)
}

# patch_files FILE...: what the patches touch. git format-patch, quilt and diff
# write it in three ways; git knows them all.
patch_files()
{
	[ $# = 0 ] || (cd / && sgit apply --numstat "$@") | cut -f 3 | sort -u
}

# noted_people FILE...: whom MAINTAINERS-notes/cc names for the files, one a line.
noted_people()
{
	local glob whom f

	while IFS=$'\t' read -r glob whom; do
		for f; do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $glob != '#'* && $f = $glob ]] || continue
			tr , '\n' <<<"$whom" | sed 's/^ *//'
			break
		done
	done <"$REPO/MAINTAINERS-notes/cc" | sort -u
}

# commit_patches [-R] REPO PARENT FILE...: each FILE as the commit that git am
# would make of it on PARENT, without a working tree, and without fuzz, of which
# git apply knows none. Prints the commits; fails after those that fit. SGIT_SIGN
# adds the committer's sign-off.
commit_patches()
(
	local how=() at on p work

	[ "$1" != -R ] || { how=(-R); shift; }
	at=$1 on=$2 work=$(mktemp -d)
	shift 2
	trap 'rm -rf "$work"' EXIT
	# shellcheck disable=SC2030 # for what is called in here
	export GIT_INDEX_FILE=$work/index
	# The caller may look at the result, which makes set -e useless.
	sgit -C "$at" read-tree "$on" || exit
	for p; do
		if ! sgit -C "$at" apply --cached --whitespace=nowarn \
				"${how[@]}" "$p" 2>"$work/why"; then
			echo "${p##*/} does not apply${how:+ in reverse}: $(
				sed -nE 's/^error: (patch failed: )?//p' "$work/why" |
				grep -v ': patch does not apply$' | paste -sd' ')" >&2
			exit 1
		fi
		on=$(commit_index "$at" "$on" "$p") || exit
		echo "$on"
	done
)

# Commit $GIT_INDEX_FILE of repository $1 on $2 with the header of patch $3. The
# committer's date is the author's: the same series gives the same commits.
commit_index()
{
	# shellcheck disable=SC2031 # as its callers have it
	local body=$GIT_INDEX_FILE.body key value name='' email='' date='' subject=''

	while read -r key value; do
		case $key in
		Author:) name=$value ;;
		Email:) email=$value ;;
		Subject:) subject=$value ;;
		Date:) date=$value ;;
		esac
	done < <(sgit mailinfo "$body" /dev/null <"$3")
	{
		printf '%s\n\n' "$subject"
		cat "$body"
	} | if [ -n "${SGIT_SIGN-}" ]; then
		sgit interpret-trailers --trailer \
			"Signed-off-by: $SGIT_NAME <$SGIT_EMAIL>"
	else
		sgit stripspace
	fi | SGIT_AUTHOR=$name SGIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE=$date \
		GIT_COMMITTER_DATE=$date sgit -C "$1" commit-tree -p "$2" \
		"$(sgit -C "$1" write-tree)"
}

# series_commit REPO BASE: the series on BASE, in REPO, as its last commit.
series_commit()
{
	local files last

	files=$(series_files)
	# shellcheck disable=SC2086 # format-patch names hold no blanks
	last=$(commit_patches "$1" "$2" $files | tail -n 1) ||
		die "the series does not apply to $2 of $1"
	echo "${last:-$2}"
}

# is_kernel_tree DIR
is_kernel_tree()
{
	[ -f "$1/Kbuild" ] && [ -f "$1/MAINTAINERS" ] && [ -f "$1/Makefile" ] &&
		grep -q '^VERSION = ' "$1/Makefile" &&
		grep -q '^PATCHLEVEL = ' "$1/Makefile"
}

# kernel_version DIR: X.Y.Z with the extra version, as Makefile has it.
kernel_version()
{
	awk -F ' *= *' '$1 == "VERSION" { v = $2 }
		$1 == "PATCHLEVEL" { p = $2 }
		$1 == "SUBLEVEL" { s = $2 }
		$1 == "EXTRAVERSION" { e = $2; exit }
		END { print v "." p (s == "" || s == 0 ? "" : "." s) e }' \
		"$1/Makefile"
}

# version_supported VERSION: is its X.Y within BASE_MIN..BASE_MAX?
version_supported()
{
	local v

	v=$(sed -E 's/^([0-9]+\.[0-9]+).*/\1/' <<<"$1")
	printf '%s\n' "$BASE_MIN" "$v" "$BASE_MAX" | sort -CV
}

# check_tree DIR: is it one that scripts/tree made?
check_tree()
{
	is_kernel_tree "$1" || die "$1 is not a kernel tree"
	sgit -C "$1" rev-parse -q --verify base >/dev/null ||
		die "$1 has no tag \"base\": make it with scripts/tree"
}

# clone_base DIR: make DIR a git tree of the base, unless it is one. The caller
# holds a lock on it: what git finds locked was left by a run that was killed.
clone_base()
{
	local base log

	base=$("$REPO/scripts/base")
	rm -f "$1/.git/index.lock"
	[ "$(sgit -C "$1" rev-parse -q --verify base 2>/dev/null)" != \
		"$(sgit -C "$base" rev-parse base)" ] || return 0
	log=$CACHE/log/clone-$$.log
	rm -rf "$1"
	run_long "copying the base" "$log" sgit clone -q --shared "$base" "$1"
	rm "$log"
}

# Make tree, under a lock, this clone's own tree: the base with the series.
use_series_tree()
{
	[ -n "$(series_patches)" ] || die "the series is empty"
	prune_work
	tree=$WORK/tree
	take_lock "$tree.lock"
	clone_base "$tree"
	put_commit "$(series_commit "$tree" base)"
}

# Only files that differ are written: the next build compiles no more than it
# has to.
put_commit()
{
	sgit -C "$tree" checkout -q -f --detach "$1"
}

# Say whose $WORK it is, and delete the work of clones that no longer exist.
prune_work()
{
	local d

	mkdir -p "$WORK"
	echo "$REPO" >"$WORK/repo"
	for d in "$CACHE"/work/*/; do
		[ ! -f "$d/repo" ] || [ -d "$(cat "$d/repo")" ] || rm -rf "$d"
	done
}

# What the series consists of, for all who build, measure or judge it. Nothing
# names a file of it: TREE has the series on top of its tag "base".

# series_sources TREE FILTER [PATTERN...]: its C files and headers that the
# kernel is built from, tests too. FILTER is git's: A for new ones, M for those
# that the base has, d for both.
series_sources()
{
	local tree=$1 filter=$2

	shift 2
	[ $# != 0 ] || set -- '*.c' '*.h'
	sgit -C "$tree" diff --name-only --no-renames --diff-filter="$filter" \
		base -- "$@" ':!tools' ':!samples' ':!Documentation'
}

# series_options TREE: the options that it adds, as CONFIG_NAME.
series_options()
{
	sgit -C "$1" diff -U0 base -- '*Kconfig*' |
		sed -nE 's/^\+(menu)?config ([A-Z0-9_]+)$/CONFIG_\2/p'
}

# series_functions TREE BUILD: its functions, as the objects in BUILD have them:
# all of a new file, and what it adds to others.
series_functions()
{
	local f

	for f in $(series_sources "$1" A '*.c'); do
		[ ! -f "$2/${f%.c}.o" ] || nm --defined-only "$2/${f%.c}.o" |
			awk '$2 ~ /^[tT]$/ { print $3 }'
	done
	# shellcheck disable=SC2046 # kernel file names hold no blanks
	sgit -C "$1" diff -U0 base -- $(series_sources "$1" M '*.c') |
		sed -nE 's/^\+[a-z].*[ *]([a-z0-9_]+)\(.*[^;]$/\1/p'
}

# added_lines TREE FROM TO PATTERN...: "FILE LINE TEXT" for each line that TO, a
# commit or nothing, adds to FROM.
added_lines()
{
	local tree=$1 from=$2 to=$3

	shift 3
	sgit -C "$tree" diff --no-ext-diff --no-renames -U0 "$from" \
			${to:+"$to"} -- "$@" | awk '
		/^\+\+\+ / { file = substr($2, 3); next }
		/^@@ / { split(substr($3, 2), at, ","); n = at[1]; next }
		/^\+/ { print file, n++, substr($0, 2) }'
}
