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

	for s in "$REPO"/scripts/*; do
		if [ -d "$s" ] || [ ! -x "$s" ]; then continue; fi
		"$s" --help >out
		says "^usage: scripts/${s##*/}" <out
	done
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
