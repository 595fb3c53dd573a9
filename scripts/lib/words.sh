# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What scripts say and are told: messages, options, progress, locks.

elapsed()
{
	printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

info()
{
	printf '[%s] %s: %s\n' "$(elapsed)" "$PROG" "$*" >&2
}

warn()
{
	printf '\n*** %s: WARNING: %s\n\n' "$PROG" "$*" >&2
}

die()
{
	printf '%s: error: %s\n' "$PROG" "$*" >&2
	exit 1
}

# usage_exit STATUS: print the script's head comment, below the license.
usage_exit()
{
	local to=1

	[ "$1" = 0 ] || to=2
	awk 'NR > 3 { if (!sub(/^# ?/, "")) exit; print }' "$0" >&$to
	exit "$1"
}

bad_usage()
{
	printf '%s: %s; --help shows what there is\n' "$PROG" "$*" >&2
	exit 2
}

# options SPEC ARG...: set the variables that the words of SPEC name and put the
# rest of the arguments into args. What SPEC does not have is wrong usage.
#
#   --quick   quick=1                --only=   the next argument
#   --only+   the same, an array     --tree/   the same, a directory
#   --*       any other option goes to args, for kunit_args
#   N         how many arguments there may be
options()
{
	local spec=" $1 " opt name most

	shift
	args=()
	while [ $# != 0 ]; do
		opt=$1
		name=${opt#--}
		name=${name//-/_}
		shift
		case $opt in
		-h | --help) usage_exit 0 ;;
		-*) ;;
		*) args+=("$opt"); continue ;;
		esac
		if [[ $spec = *" $opt "* ]]; then
			printf -v "$name" 1
			continue
		elif [[ $spec != *" $opt"[=+/]* ]]; then
			[[ $spec = *' --* '* ]] || bad_usage "no option $opt"
			args+=("$opt")
			continue
		fi
		[ -n "${1-}" ] || bad_usage "$opt needs a value"
		case $spec in
		*" $opt/ "*)
			[ -d "$1" ] || die "$opt $1: no such directory"
			printf -v "$name" %s "$(cd "$1" && pwd)" ;;
		*" $opt+ "*) eval "$name+=(\"\$1\")" ;;
		*) printf -v "$name" %s "$1" ;;
		esac
		shift
	done
	most=$(grep -oE ' [0-9]+ ' <<<"$spec" || echo 0)
	[[ $spec = *' --* '* || ${#args[@]} -le $most ]] ||
		bad_usage "too much: ${args[*]:most}"
}

# Say every 30 seconds that WHAT is still running, until killed. Sleeps in
# the shell itself, so that no child outlives the kill.
heartbeat()
{
	local fd

	exec {fd}<> <(:)
	while kill -0 $$ 2>/dev/null; do
		read -rt 30 -u "$fd" || info "$1: still running"
	done
}

# run_long WHAT LOG COMMAND...: COMMAND with its output in LOG; a heartbeat
# while it runs, the end of LOG if it fails. Returns what COMMAND returned.
# set -e has no effect in a COMMAND that is a function.
run_long()
{
	local what=$1 log=$2 hb rc=0 start=$SECONDS

	shift 2
	mkdir -p "$(dirname "$log")"
	: >"$log"
	info "$what ..."
	heartbeat "$what" &
	hb=$!
	"$@" >>"$log" 2>&1 </dev/null || rc=$?
	kill "$hb" 2>/dev/null || :
	wait "$hb" 2>/dev/null || :
	if [ "$rc" != 0 ]; then
		info "$what failed with status $rc, the end of $log:"
		tail -n 30 "$log" | sed 's/^/    /' >&2
	else
		info "$what: done in $((SECONDS - start)) s"
	fi
	return "$rc"
}

# take_lock FILE: hold it until the script ends.
take_lock()
{
	local fd

	mkdir -p "$(dirname "$1")"
	exec {fd}>"$1"
	flock -n "$fd" && return
	info "waiting for another run, which holds $1"
	flock "$fd"
}
