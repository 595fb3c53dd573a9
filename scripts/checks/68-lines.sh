# shellcheck shell=bash disable=SC2034,SC2154
checks+=(lines)
counts+=(lines)

# Only counts: the lines that a patch which converts a driver to kiobufs adds to
# the code that the base has, and those that it takes away.
check_lines()
{
	[[ $(sgit log -1 --format=%s "$commit") = *kiobuf* ]] ||
		not_for_this_patch
	sgit diff --numstat --no-renames "$prev" "$commit" -- \
			'drivers/*.[ch]' 'fs/*.[ch]' 'net/*.[ch]' |
		while read -r added removed f; do
			is_new "$f" || echo "$added $removed"
		done | awk '{ a += $1; r += $2; n++ }
			END { if (!n) exit 77; print "+" a "/-" r }'
}
