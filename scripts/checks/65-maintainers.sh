# shellcheck shell=bash disable=SC2034,SC2154
checks+=(maintainers)

# Each new file is named by an entry of the series in MAINTAINERS, which is
# where parse-maintainers.pl sorts it; and get_maintainer.pl knows a maintainer
# and a list for the patch that are not ours and not for everything.
check_maintainers()
{
	local bad=0

	entries_are_sorted || bad=1
	new_files_are_covered || bad=1
	somebody_takes_it || bad=1
	return $bad
}

entries_are_sorted()
{
	[ -n "$(touched MAINTAINERS)" ] || return 0
	sort_moves "$prev" >"$scratch/moves.old"
	sort_moves "$commit" >"$scratch/moves.new"
	! comm -13 "$scratch/moves.old" "$scratch/moves.new" |
		sed 's/^/MAINTAINERS is not sorted: /' | grep .
}

# sort_moves COMMIT: the lines of its MAINTAINERS that sorting would move.
sort_moves()
{
	local dir=$scratch/maintainers

	mkdir -p "$dir"
	sgit show "$1:MAINTAINERS" >"$dir/old"
	perl scripts/parse-maintainers.pl --input="$dir/old" \
		--output="$dir/new" --section="$dir/section" >&2
	diff "$dir/old" "$dir/new" | grep '^[<>] .' | sort
}

# The titles of the entries that the series has added by this patch.
our_entries()
{
	sgit diff -U0 base "$commit" -- MAINTAINERS |
		sed -n 's/^+\([A-Z0-9].*\)/\1/p' | grep -vE $'^[A-Z]:\t' || :
}

new_files_are_covered()
{
	local f bad=0

	our_entries >"$scratch/entries"
	for f in $(sgit diff --name-only --no-renames --diff-filter=A \
			"$prev" "$commit"); do
		grep -qxF -f "$scratch/entries" \
			<<<"$(get_maintainer --sections -f "$f")" && continue
		echo "$f: no entry of the series in MAINTAINERS has it"
		bad=1
	done
	return $bad
}

somebody_takes_it()
{
	local bad=0

	sgit show "$commit:MAINTAINERS" | sed -n 's/^M:\t//p' | sort -u \
		>"$scratch/m.new"
	sgit show "base:MAINTAINERS" | sed -n 's/^M:\t//p' | sort -u \
		>"$scratch/m.old"
	get_maintainer --no-l --no-r "$patch" |
		grep -vxF -f <(comm -23 "$scratch/m.new" "$scratch/m.old") >/dev/null ||
		{ echo "no maintainer but ourselves"; bad=1; }
	get_maintainer --no-m --no-r "$patch" |
		grep -vx 'linux-kernel@vger.kernel.org' >/dev/null ||
		{ echo "no list but linux-kernel"; bad=1; }
	return $bad
}

get_maintainer()
{
	perl scripts/get_maintainer.pl --nogit --nogit-fallback --norolestats "$@"
}

plant_maintainers_place()
{
	printf '\nA PLANTED ENTRY\nM:\tNobody <nobody@localhost>\nS:\t%s\n' \
		$'Maintained\nF:\tmm/kiobuf.c' >>MAINTAINERS
}

plant_maintainers_order()
{
	sed -i $'s/^F:\tmm\\/kiobuf.c$/F:\tmm\\/planted.c\\n&/' MAINTAINERS
}

plant_maintainers_not_covered()
{
	printf '/* SPDX-License-Identifier: GPL-2.0 */\n' >mm/kiobuf_planted.h
	sgit add -f mm/kiobuf_planted.h
}

# It is in no entry but those for everything.
plant_maintainers_nobody()
{
	echo >>Kbuild
}
