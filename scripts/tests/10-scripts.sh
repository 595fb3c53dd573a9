# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# The scripts themselves.

test_shellcheck()
{
	local files

	need_packages shellcheck
	mapfile -t files < <(grep -rlE '^#!/bin/bash|^# shellcheck shell=' \
		"$REPO/scripts" "$REPO/.ci")
	[ ${#files[@]} -gt 5 ]
	cd "$REPO"
	shellcheck -x "${files[@]}"
}

test_help()
{
	local s

	for s in "$REPO"/scripts/* "$REPO/.ci/run"; do
		if [ -d "$s" ] || [ ! -x "$s" ]; then continue; fi
		"$s" --help >out
		says "^usage: .*${s##*/}" <out
	done
}

# Before any work: nothing is fetched, built or installed.
test_unknown_options_are_refused()
{
	local s args rc

	export XDG_CACHE_HOME=$T/cache
	for s in "$REPO"/scripts/* "$REPO/.ci/run"; do
		if [ -d "$s" ] || [ ! -x "$s" ]; then continue; fi
		for args in --nosuch --nosuch=1 '--tree'; do
			rc=0
			timeout 20 "$s" "$args" >out 2>&1 </dev/null || rc=$?
			[ $rc = 2 ] || [ "$args" = --tree ] ||
				{ echo "${s##*/} $args: status $rc"; return 1; }
			[ $rc != 0 ] && [ $rc != 124 ]
		done
	done
	for args in --debgu '--part' '--tree /no/such' '--part nosuch'; do
		# shellcheck disable=SC2086 # an option and its value
		if timeout 20 "$REPO/scripts/kunit" $args >out 2>&1; then
			return 1
		fi
	done
	says 'no part nosuch, it has: fixes' <out
	[ ! -e cache ]
}

test_options_are_read()
{
	cat >script <<-'END'
	#!/bin/bash
	#
	#
	# usage: script
	. "$LIB"
	flag='' one='' many=() dir=''
	options '--flag --one= --many+ --dir/ 2' "$@"
	echo "$flag,$one,${many[*]},$dir,${args[*]}"
	END
	export LIB=$REPO/scripts/lib.sh
	bash script --many 'a b' x --flag --one '--flag' --many c --dir . y >out
	says "^1,--flag,a b c,$PWD,x y\$" <out
	fails 'too much: z' bash script x y z
	fails 'one needs a value' bash script --one
	fails 'no option --o;' bash script --o
	fails 'no such directory' bash script --dir /no/such
}

# A python module may be anywhere that python finds it.
test_python_modules_are_looked_for_as_modules()
{
	mkdir lib
	touch lib/kiobuf_planted.py
	printf '#!/bin/sh\necho 1000\n' >id
	chmod +x id
	PATH=$PWD:$PATH PYTHONPATH=$PWD/lib \
		need_packages python3-planted:py:kiobuf_planted
	fails 'missing: python3-planted' env PATH="$PWD:$PATH" bash -c \
		'. "$1"; need_packages python3-planted:py:kiobuf_planted' \
		x "$REPO/scripts/lib.sh"
	! grep -rn 'dist-packages' "$REPO"/scripts/{lib,checks,check,export}
}

test_every_script_has_its_license()
{
	local f

	cmp -s "$REPO/COPYING" /usr/share/common-licenses/GPL-2 ||
		grep -q 'GNU GENERAL PUBLIC LICENSE' "$REPO/COPYING"
	for f in "$REPO"/scripts/* "$REPO"/scripts/lib/*; do
		[ -d "$f" ] || head -n 2 "$f" | says SPDX-License-Identifier
	done
}

# A check, a source of the base, and what tests a check are called by pattern.
test_every_function_has_a_caller()
{
	cd "$REPO"
	comm -12 <(grep -rhoE '^[a-z_0-9]+\(\)' scripts | tr -d '()' |
			grep -vE '^(test|long|check|plant|mangle|from)_' | sort) \
		<(grep -rhoE '[a-zA-Z_0-9]+' scripts | sort | uniq -u) \
		>"$T/unused"
	! grep . "$T/unused"
}

test_missing_packages_are_named()
{
	printf '#!/bin/sh\necho 1000\n' >id
	chmod +x id
	fails 'missing: nosuch1 nosuch2\. Install' env PATH="$PWD:$PATH" \
		bash -c '. "$1"; need_packages bash nosuch1 nosuch2:/no/such' \
		x "$REPO/scripts/lib.sh"
}

test_long_command_shows_its_log()
{
	fails 'gone wrong' bash -c \
		'. "$1"; run_long try "$2" sh -c "echo gone wrong; exit 3"' \
		x "$REPO/scripts/lib.sh" "$T/log"
	bash -c '. "$1"; run_long try "$2" false || [ $? = 1 ]' \
		x "$REPO/scripts/lib.sh" "$T/log"
}
