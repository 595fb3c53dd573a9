# shellcheck shell=bash disable=SC2034,SC2154
checks+=(maintainers)

# Each new file is named by a line of the series in MAINTAINERS, which is where
# parse-maintainers.pl sorts it; and get_maintainer.pl or MAINTAINERS-notes/cc knows
# somebody for the patch.
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

new_files_are_covered()
{
	local f bad=0

	sgit diff -U0 base "$commit" -- MAINTAINERS | sed -n $'s/^+F:\t//p' \
		>"$scratch/patterns"
	for f in $(sgit diff --name-only --no-renames --diff-filter=A \
			"$prev" "$commit"); do
		is_covered "$f" && continue
		echo "$f: no line of the series in MAINTAINERS has it"
		bad=1
	done
	return $bad
}

is_covered()
{
	local pattern

	while read -r pattern; do
		[[ $pattern != */ ]] || pattern+="*"
		# shellcheck disable=SC2053 # it is a pattern
		[[ $1 != $pattern ]] || return 0
	done <"$scratch/patterns"
	return 1
}

somebody_takes_it()
{
	sgit diff -U0 base "$commit" -- MAINTAINERS | sed -n $'s/^+M:\t//p' \
		>"$scratch/ours"
	get_maintainer "$tree" --no-l --no-r "$patch" |
		grep -vxF -f "$scratch/ours" >/dev/null && return
	# shellcheck disable=SC2046 # kernel file names hold no blanks
	noted_people $(touched .) | grep . >/dev/null && return
	echo "no maintainer but ourselves, and MAINTAINERS-notes/cc names none"
	return 1
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
