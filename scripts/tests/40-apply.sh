# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# scripts/apply on trees of a user: what it refuses, and that a tree is as it
# was after any failure.

# unchanged DIR PATTERN COMMAND...: COMMAND fails, says PATTERN, and leaves
# DIR alone.
unchanged()
{
	local dir=$1 before

	shift
	before=$(snapshot "$dir")
	fails "$@"
	diff <(echo "$before") <(snapshot "$dir")
}

# The first file that the series changes, rather than adds.
changed_file()
{
	series_files | xargs sed -n 's|^--- a/||p' | head -n 1
}

test_apply_refuses()
{
	local apply=$REPO/scripts/apply f

	fails 'no such directory' "$apply" /no/such
	mkdir empty
	fails 'not a kernel tree' "$apply" empty
	mini_tree plain
	cp -rp plain git
	git_tree git

	cp -rp plain other
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 1/' other/Makefile
	unchanged other "is v7\.1.*, the series supports v$BASE_MIN to v$BASE_MAX" \
		"$apply" other

	echo >>git/MAINTAINERS
	unchanged git 'uncommitted changes' "$apply" git
	git -C git checkout -q MAINTAINERS

	f=$(changed_file)
	cp -rp plain bad
	echo "nothing that a hunk fits" >"bad/$f"
	unchanged bad "0.*\.patch does not apply: $f:[0-9]" "$apply" bad
	git_tree bad
	unchanged bad "0.*\.patch does not apply: $f:[0-9]" "$apply" bad

	unchanged plain 'is not applied' "$apply" --reverse plain
	unchanged git 'is not applied' "$apply" --reverse git
	git -C git branch kiobuf
	unchanged git 'already has a branch' "$apply" git
	git -C git branch -q -D kiobuf

	"$apply" plain
	unchanged plain 'already applied' "$apply" plain
	"$apply" git
	unchanged git 'already applied' "$apply" git
	git -C git commit -q --allow-empty -m "my own"
	unchanged git 'not on the branch' "$apply" --reverse git
}

test_apply_and_reverse()
{
	local kind before after

	mini_tree plain
	cp -rp plain git
	git_tree git
	for kind in plain git; do
		before=$(snapshot $kind)
		"$REPO/scripts/apply" --dry-run $kind
		[ "$(snapshot $kind)" = "$before" ]
		"$REPO/scripts/apply" $kind
		after=$(snapshot $kind)
		[ "$after" != "$before" ]
		"$REPO/scripts/apply" --reverse --dry-run $kind
		[ "$(snapshot $kind)" = "$after" ]
		"$REPO/scripts/apply" --reverse $kind
		diff <(echo "$before") <(snapshot $kind)
	done
}

# Half of the series is in when something fails, or the user hits Ctrl-C.
test_apply_restores_a_git_tree()
{
	local hook=git/.git/hooks/applypatch-msg

	mini_tree git
	git_tree git
	printf '%s\n' '#!/bin/sh' "echo x >>$T/calls" \
		"[ \$(wc -l <$T/calls) -lt 3 ] || \$DO" >$hook
	chmod +x $hook
	DO=false unchanged git 'is as it was' "$REPO/scripts/apply" git
	rm calls
	DO='pkill -INT -g 0' unchanged git 'is as it was' \
		setsid -w env --default-signal=INT "$REPO/scripts/apply" git
	[ "$(wc -l <calls)" = 3 ]
}

test_apply_restores_a_plain_tree()
{
	mini_tree plain
	mkdir bin
	# The last file of the series can not be copied.
	printf '%s\n' '#!/bin/sh' "case \"\$*\" in *after/*$T/plain/*)" \
		"echo x >>$T/calls" "[ \$(wc -l <$T/calls) -lt 3 ] || \$DO" \
		'esac' 'exec /bin/cp "$@"' >bin/cp
	chmod +x bin/cp
	PATH=$T/bin:$PATH DO='exit 1' unchanged plain 'is as it was' \
		"$REPO/scripts/apply" plain
	rm calls
	PATH=$T/bin:$PATH DO='pkill -INT -g 0' unchanged plain 'is as it was' \
		setsid -w env --default-signal=INT "$REPO/scripts/apply" plain
	[ "$(wc -l <calls)" = 3 ]
}
