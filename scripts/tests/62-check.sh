# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# The review gate, and the sparse that it uses.

test_sparse_sees_an_error()
{
	local sparse

	sparse=$("$REPO/scripts/sparse")
	echo 'int f(const int __attribute__((noderef, address_space(1))) *p) { return *p; }' \
		>planted.c
	"$sparse" planted.c 2>&1 | says 'planted.c:1:.*: warning: dereference'
	echo 'int f(const int *p);' >clean.c
	[ -z "$("$sparse" clean.c 2>&1)" ]
}

# One that the kernel would silently not use is not used here either.
test_sparse_that_is_too_old_or_silent_is_passed_over()
{
	local sparse

	mkdir bin
	printf '#!/bin/sh\nexit 0\n' >bin/sparse
	chmod +x bin/sparse
	sparse=$(PATH=$PWD/bin:$PATH "$REPO/scripts/sparse")
	[ "$sparse" != "$PWD/bin/sparse" ]
	printf '#!/bin/sh\necho "1: error: __typeof_unqual__ incompatible types" >&2\n' \
		>bin/sparse
	sparse=$(PATH=$PWD/bin:$PATH "$REPO/scripts/sparse")
	[ "$sparse" != "$PWD/bin/sparse" ]
}

long_gate_quick()
{
	"$REPO/scripts/check" --quick
}

test_gate_without_a_tool_is_red()
{
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/python3
	printf '#!/bin/sh\nexit 1\n' >bin/perl
	chmod +x bin/*
	fails 'FAIL' env PATH="$PWD/bin:$PATH" "$REPO/scripts/check" \
		--only checkpatch --patch 1
}

test_gate_names_what_does_not_apply()
{
	mkdir series
	cp -r "$REPO/patches" "$REPO/series" series/
	sed -i '/^@@/,${ /^ [^ ]/{ s/^ / x/; :rest; n; b rest } }' \
		"series/patches/$(series_patches | head -n 1)"
	fails 'patch 1, .*: does not apply' "$REPO/scripts/check" --quick \
		--patch 1 --series "$PWD/series"
}

# A patch that converts a driver has its lines counted, in the part asked for.
test_gate_counts_the_lines_of_drivers()
{
	small_repo
	repo/scripts/check --only lines >out
	says '^0005-char-one-use-a-kiobuf +[+]1/-11 *$' <out
	[ "$(grep -c '[+]' out)" = 1 ]
	repo/scripts/check --only lines --part kiobuf >out
	[ "$(grep -c '^00' out)" = 2 ]
	says '^0005-.*[+]1/-11' <out
}

long_gate_selftest_quick()
{
	"$REPO/scripts/check" --quick --selftest
}

long_gate()
{
	"$REPO/scripts/check"
}

long_gate_selftest()
{
	"$REPO/scripts/check" --selftest
}
