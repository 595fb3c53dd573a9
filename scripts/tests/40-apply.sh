# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# scripts/apply on trees of a user, by a small series: what it refuses, and that a
# tree is as it was after any failure.

# unchanged DIR PATTERN COMMAND...: COMMAND fails, says PATTERN, leaves DIR alone
# and nothing of its own behind.
unchanged()
{
	local dir=$1 before

	shift
	before=$(snapshot "$dir")
	fails "$@"
	diff <(echo "$before") <(snapshot "$dir")
	[ -z "$(ls -A "$TMPDIR")" ]
}

# trees: the small series in repo, and the trees plain and git.
trees()
{
	small_repo
	rm -rf tree
	cp -rp mini plain
	cp -rp mini git
	git_tree git
	apply=$T/repo/scripts/apply
	export TMPDIR=$T/tmp
	mkdir -m 1777 tmp
}

# give DIR...: to whom as_user is.
give()
{
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$@"
}

test_apply_refuses()
{
	trees
	fails 'no such directory' "$apply" /no/such
	mkdir empty
	fails 'not a kernel tree' "$apply" empty

	echo >>git/MAINTAINERS
	unchanged git 'uncommitted changes' "$apply" git
	git -C git checkout -q MAINTAINERS

	cp -rp plain bad
	echo "nothing that a hunk fits" >bad/mm/gup.c
	unchanged bad '0003-.*\.patch does not apply: mm/gup.c:[0-9].*unchanged.*git am -3' \
		"$apply" bad
	git_tree bad
	unchanged bad '0003-.*\.patch does not apply: mm/gup.c:[0-9]' "$apply" bad

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
	local kind before after part

	trees
	for kind in plain git; do
		before=$(snapshot $kind)
		"$apply" --dry-run $kind
		[ "$(snapshot $kind)" = "$before" ]
		for part in '' gup; do
			"$apply" ${part:+--part $part} $kind
			after=$(snapshot $kind)
			[ "$after" != "$before" ]
			[ -e $kind/mm/ranges.c ]
			[ "$part" = "$([ -e $kind/mm/new ] || echo gup)" ]
			"$apply" --reverse ${part:+--part $part} --dry-run $kind
			[ "$(snapshot $kind)" = "$after" ]
			"$apply" --reverse ${part:+--part $part} $kind
			diff <(echo "$before") <(snapshot $kind)
		done
	done
	# Line ends are git's business.
	git -C git config core.autocrlf true
	rm -rf git/*
	git -C git checkout -q -f .
	"$apply" git
	"$apply" --reverse git
}

test_half_applied_series_is_named()
{
	trees
	"$apply" --part gup plain
	unchanged plain 'the first 3 patches .*from 0004-mm-kiobuf-add-it' \
		"$apply" plain
}

test_apply_tries_other_versions()
{
	trees
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 9/' plain/Makefile
	"$apply" plain 2>err
	says "WARNING: .*is v7\.9.*, the series is for v$BASE_MIN" <err
	[ -e plain/mm/new ]
}

# One file can not be written: by its mode, its directory's, its owner.
test_apply_checks_before_it_writes()
{
	trees
	cp -rp plain mode
	cp -rp plain dir
	cp -rp git mode.git
	give plain git mode dir mode.git
	chmod a-w mode/mm/gup.c dir/mm mode.git/mm/gup.c
	for kind in mode dir mode.git; do
		unchanged $kind "mm/.* can not be written.*is unchanged" \
			as_user "$apply" $kind
	done
	[ "$(id -u)" != 0 ] || {
		chown 0:0 plain/mm/gup.c
		unchanged plain 'mm/gup.c can not be written' \
			as_user "$apply" plain
	}
	chmod u+w dir/mm
	mv dir/mm/gup.c dir/real.c
	ln -s ../real.c dir/mm/gup.c
	unchanged dir 'gup.c is a symbolic link' as_user "$apply" dir
	[ -z "$(find . -name '*.kiobuf-new')" ]
}

# What is mounted read-only even root can not write.
test_apply_on_a_read_only_mount()
{
	trees
	unshare -m true 2>/dev/null || { echo "takes root"; return 0; }
	unchanged plain 'can not be written.*is unchanged' unshare -m sh -ec '
		mount --bind plain plain
		mount -o remount,bind,ro plain
		exec "$1" plain' sh "$apply"
}

test_apply_leaves_linked_trees_alone()
{
	local before kind

	trees
	for kind in plain git; do
		cp -al $kind linked
		before=$(snapshot linked)
		"$apply" $kind
		[ "$(snapshot linked)" = "$before" ]
		"$apply" --reverse $kind
		diff <(echo "$before") <(snapshot linked)
		rm -rf linked
	done
	chmod 600 plain/mm/gup.c
	"$apply" plain
	[ "$(stat -c %a plain/mm/gup.c)" = 600 ]
}

# git's words, and no guess that it is a plain tree.
test_apply_refuses_a_git_tree_of_another_user()
{
	trees
	give plain
	[ "$(id -u)" = 0 ] || { echo "takes root"; return 0; }
	echo "not committed" >>git/Kbuild
	unchanged git 'git does not work in .*dubious ownership' \
		as_user "$apply" git
	give git
	unchanged git 'dubious ownership' "$apply" git
}

# Half of the series is in when something fails, or the user hits Ctrl-C.
test_apply_restores_a_git_tree()
{
	local hook=git/.git/hooks/post-checkout

	trees
	mkdir -p "${hook%/*}"
	printf '%s\n' '#!/bin/sh' "[ -e $T/once ] || { touch $T/once; \$DO; }" >$hook
	chmod +x $hook
	DO=false unchanged git 'is as it was' "$apply" git
	rm once
	DO='pkill -INT -g 0' unchanged git 'is as it was' \
		setsid -w env --default-signal=INT "$apply" git
	[ -e once ]
}

# broken_mv: the third file of $T/plain can not be put in its place.
broken_mv()
{
	mkdir bin
	printf '%s\n' '#!/bin/sh' "case \"\$*\" in *after*|*$T/plain/*)" \
		"echo x >>$T/calls" "[ \$(wc -l <$T/calls) -$1 3 ] || \$DO" \
		'esac' 'exec /bin/mv "$@"' >bin/mv
	chmod +x bin/mv
}

test_apply_restores_a_plain_tree()
{
	trees
	broken_mv ne
	PATH=$T/bin:$PATH DO='exit 1' unchanged plain 'is as it was' \
		"$apply" plain
	rm calls
	PATH=$T/bin:$PATH DO='pkill -INT -g 0' unchanged plain 'is as it was' \
		setsid -w env --default-signal=INT "$apply" plain
	[ "$(wc -l <calls)" -ge 3 ]
}

# What can not be undone is named, the rest is undone, and nothing is thrown away.
test_apply_says_what_it_could_not_undo()
{
	local saved

	trees
	broken_mv lt
	if PATH=$T/bin:$PATH DO='exit 1' "$apply" plain >said 2>&1; then
		return 1
	fi
	says 'not all could be undone in .*plain: drivers/char/old.c drivers/char/one.c\. The files' \
		<said
	[ ! -e plain/include/linux/kiobuf.h ]
	saved=$(grep -oE '/[^ ]+/before' said)
	cmp "$saved/drivers/char/one.c" mini/drivers/char/one.c
	rm -rf "${saved%/before}"
}
