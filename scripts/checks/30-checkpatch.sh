# shellcheck shell=bash disable=SC2034,SC2154
checks+=(checkpatch)

# checkpatch.pl --strict --codespell has nothing to say, but that the sign-off
# is missing, that a for_each macro names an argument twice, and what
# check_maintainers knows better: whether a new file has an entry in MAINTAINERS.
check_checkpatch()
{
	run_checkpatch "$tree" "$scratch" --no-signoff \
		--ignore FILE_PATH_CHANGES "$patch"
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

plant_checkpatch_macro()
{
	printf '\n#define KIOBUF_PLANTED(a)\t((a) + (a))\n' >>mm/kiobuf.c
}

mangle_checkpatch_spelling()
{
	sed -i 's/^This is.*/& It is\nneccessary./' "$1"
}
