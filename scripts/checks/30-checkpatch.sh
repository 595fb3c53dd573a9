# shellcheck shell=bash disable=SC2034,SC2154
checks+=(checkpatch)

# checkpatch.pl --strict --codespell has nothing to say, but that the sign-off
# is missing, and that new files need an entry in MAINTAINERS if they have one
# at the end of the series.
check_checkpatch()
{
	local rc=0

	run_checkpatch "$tree" "$scratch" --no-signoff \
		--ignore FILE_PATH_CHANGES "$patch" || rc=1
	has_maintainer || rc=1
	return $rc
}

# Each new file has an entry of its own in MAINTAINERS in the end: patterns
# for a whole directory that the base has, too, say nothing about it.
has_maintainer()
{
	local f pattern bad=0

	for f in $(touched . ':!MAINTAINERS'); do
		! sgit cat-file -e "$prev:$f" 2>/dev/null || continue
		while read -r pattern; do
			case $pattern in
			*/ | */\*) sgit cat-file -e "base:${pattern%/*}" \
				2>/dev/null || continue 2 ;;
			*) continue 2 ;;
			esac
		done < <(patterns_for "$f")
		echo "MAINTAINERS of the whole series has no entry for $f"
		bad=1
	done
	return $bad
}

# The "F:" patterns of MAINTAINERS that match file $1.
patterns_for()
{
	sgit show "${commits[-1]}:MAINTAINERS" | awk -v f="$1" '
		# "*" and "*/" are for the rest of the kernel.
		!/^F:/ || $2 ~ /^\*\/?$/ { next }
		{
			re = $2
			gsub(/[.+]/, "\\\\&", re)
			gsub(/\*/, "[^/]*", re)
			gsub(/\?/, "[^/]", re)
			if (re ~ /\/$/)
				re = re ".*"
			if (f ~ ("^" re "$"))
				print $2
		}'
}

plant_checkpatch_style()
{
	cat >>mm/kiobuf.c <<-'EOF'

		static void kiobuf_planted(void) {
		}
	EOF
}

plant_checkpatch_long_line()
{
	printf '\n/* %s */\n' "$(printf 'long %.0s' {1..16})" >>mm/kiobuf.c
}

plant_checkpatch_strict()
{
	cat >>mm/kiobuf.c <<-'EOF'

		static int kiobuf_planted(int first_argument,
		   int second_argument)
		{
			return first_argument == second_argument;
		}
	EOF
}

plant_checkpatch_spelling()
{
	plant_nothing
	sed -i '3s/$/ It is\nneccessary/' "$msg"
}

plant_checkpatch_maintainers()
{
	printf '/* SPDX-License-Identifier: GPL-2.0 */\n' >mm/planted_file.h
	sgit add -f mm/planted_file.h
}
