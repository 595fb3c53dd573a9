# shellcheck shell=bash disable=SC2034,SC2154
checks+=(analyzer)
full_checks+=(analyzer)

# gcc -fanalyzer finds nothing in the C files that the series adds, or in lines
# that it adds to others, that configs/analyzer does not accept; x86_64.
check_analyzer()
{
	local f obj files out=$scratch/analyzer

	whole_series
	"$REPO/scripts/builds" --tree "$tree" x86-smp
	: >"$out"
	for f in $(c_files); do
		obj=$tree.builds/build-x86-smp/${f%.c}.o
		[ ! -f "$obj" ] || rm "$obj"
		make_x86 KCFLAGS='-fanalyzer -fdiagnostics-path-format=none' \
			"${f%.c}.o" >>"$out" 2>&1 || { cat "$out"; return 1; }
		[ -f "$obj" ] || { echo "$f was not compiled"; return 1; }
	done
	grep 'warning: ' "$out" | on_added_lines >"$scratch/analyzed" || :
	not_accepted analyzer <"$scratch/analyzed"
}

plant_analyzer_null()
{
	cat >>mm/kiobuf.c <<-'END'

		int kiobuf_planted(int *p);
		int kiobuf_planted(int *p)
		{
			if (p)
				return *p;
			return *p;
		}
	END
}
