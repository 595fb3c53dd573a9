# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What a script needs of the system, and where it comes from.

# need_packages PACKAGE[:PROBE]...: PROBE, a command (PACKAGE if not given), an
# absolute file name or py:MODULE, tells whether it is there. What is missing is
# installed by apt if we are root, else it is named and we fail.
need_packages()
{
	local spec absent=() try

	for try in first last; do
		absent=()
		for spec; do
			is_there "${spec#*:}" || absent+=("${spec%%:*}")
		done
		[ ${#absent[@]} != 0 ] || return 0
		if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
			die "missing: ${absent[*]}. Install them (these are" \
				"Debian's names: apt-get install ${absent[*]})"
		fi
		[ $try = first ] || break
		run_long "installing ${absent[*]}" "$CACHE/log/apt-$$.log" \
			apt_install "${absent[@]}" ||
			die "apt could not install: ${absent[*]}"
	done
	die "still missing after their installation: ${absent[*]}"
}

is_there()
{
	case $1 in
	/*) [ -e "$1" ] ;;
	py:*) (python_with "${1#py:}" >/dev/null 2>&1) ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# checkpatch.pl --codespell and spdxcheck.py need them.
need_checkpatch()
{
	need_packages codespell python3-git:py:git python3-ply:py:ply
}

# Not gcc-multilib, which can not be installed next to cross compilers.
need_32bit_gcc()
{
	local lib

	lib=$(gcc -print-libgcc-file-name)
	need_packages libc6-dev-i386:/usr/lib32/libc.a \
		"gcc-$(gcc -dumpversion)-multilib:${lib%/*}/32/libgcc.a"
}

# In a shell of its own, for the lock: another script may be at it, or another
# user of apt, who has a lock of apt's own.
apt_install()
(
	export DEBIAN_FRONTEND=noninteractive
	take_lock "$CACHE/apt.lock"
	# A repository that is down matters only if the packages are in it.
	apt-get update || echo "going on with the lists that are there"
	apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
)

# python_with MODULE: a python that has it. It is a package of the distribution,
# and the python3 found first may be another one.
python_with()
{
	local p

	for p in python3 /usr/bin/python3; do
		! "$p" -c "import $1" 2>/dev/null || { echo "$p"; return; }
	done
	die "no python3 has the module $1"
}

# The mirror that this system's own packages come from.
debian_mirror()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Label: Debian' 'Component: main' | head -n 1
}

# apt_suite DIR SUITE: an apt state in DIR that knows only Debian's SUITE, and
# changes nothing of the system.
apt_suite()
{
	local uri

	command -v apt-get >/dev/null || { info "$2: no apt here"; return 1; }
	if [ ! -e "$BASE_KEYRING" ]; then
		info "$2: no $BASE_KEYRING to verify it with"
		return 1
	fi
	uri=$(debian_mirror)
	if [ -z "$uri" ] && [ "$(id -u)" = 0 ]; then
		run_long "apt-get update" "$CACHE/log/apt.log" apt-get update
		uri=$(debian_mirror)
	fi
	if [ -z "$uri" ]; then
		info "$2: apt knows no Debian mirror (apt-get update?)"
		return 1
	fi
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	echo "deb [signed-by=$BASE_KEYRING] $uri $2 main" >"$1/sources.list"
	run_long "reading the list of $2" "$CACHE/log/apt.log" \
		apt_in "$1" apt-get update
}

# apt_in DIR COMMAND...: an apt command with the state of apt_suite DIR.
apt_in()
{
	local dir=$1 cmd=$2

	shift 2
	"$cmd" -qq -o APT::Sandbox::User= -o Acquire::Retries=3 \
		-o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::State="$dir" \
		-o Dir::State::status=/var/lib/dpkg/status \
		-o Dir::Cache="$dir" "$@"
}
