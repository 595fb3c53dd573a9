# shellcheck shell=bash disable=SC2034,SC2154
checks+=(coccicheck)
full_checks+=(coccicheck)

# The semantic patches of the kernel report nothing about the C files of the
# series, and the lines it adds to others, that configs/coccicheck does not
# accept.
check_coccicheck()
{
	local files out=$scratch/cocci

	whole_series
	need_packages coccinelle:spatch
	files=$(c_files)
	rm -rf "$out"
	mkdir "$out"
	grep -lEr 'virtual[[:space:]]+report' scripts/coccinelle >"$out/scripts"
	# shellcheck disable=SC2016 # expanded by the shell started there
	xargs -P "$JOBS" -I{} bash -c "$(declare -f semantic_patch)"'
		semantic_patch "$@"' _ "$out" {} "$files" <"$out/scripts" ||
		{ cat "$out"/*.failed; return 1; }
	[ "$(find "$out" -name '*.out' | wc -l)" = \
		"$(wc -l <"$out/scripts")" ] || { echo "not all ran"; return 1; }
	cat "$out"/*.out | on_added_lines | not_accepted coccicheck
}

# semantic_patch OUT SCRIPT FILES: what it reports, in OUT.
semantic_patch()
{
	local out
	out=$1/$(tr / - <<<"${2#scripts/coccinelle/}")

	# shellcheck disable=SC2046,SC2086 # lists of words
	timeout 300 spatch -D report --very-quiet --no-show-diff \
		--cocci-file "$2" $(sed -n 's/.*Options: *//p' "$2") \
		-I include -I include/uapi $3 >"$out.out" 2>"$out.err" ||
		{ { echo "$2 failed"; cat "$out.err"; } >"$out.failed"; exit 255; }
}

plant_coccicheck_null()
{
	cat >>mm/kiobuf.c <<-'END'

		static void __maybe_unused kiobuf_planted(void *p)
		{
			if (p)
				kfree(p);
		}
	END
}
