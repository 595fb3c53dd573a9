# shellcheck shell=bash disable=SC2034,SC2154
checks+=(analyzer)
full_checks+=(analyzer)

# gcc -fanalyzer finds nothing in the C files that the series adds, or in lines
# that it adds to others, that configs/analyzer does not accept; x86_64.
check_analyzer()
{
	local f name obj found out=$scratch/analyzer

	whole_series
	"$REPO/scripts/builds" --tree "$tree" x86-smp x86-drivers
	: >"$out"
	for f in $(c_files); do
		found=
		for name in x86-smp x86-drivers; do
			obj=$tree.builds/build-$name/${f%.c}.o
			[ -f "$obj" ] || continue
			found=1
			rm "$obj"
			kmake "$tree" x86_64 "$tree.builds/build-$name" \
				KCFLAGS='-fanalyzer -fdiagnostics-path-format=none' \
				"${f%.c}.o" >>"$out" 2>&1 ||
				{ cat "$out"; return 1; }
		done
		[ -n "$found" ] || { echo "$f was not compiled"; return 1; }
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
