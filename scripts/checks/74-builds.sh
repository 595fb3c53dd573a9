# shellcheck shell=bash disable=SC2034,SC2154
checks+=(builds)
full_checks+=(builds)

# What the series adds or changes by this patch compiles with W=1 -Werror for
# i386, x86_64, there as modules too, without the block layer and without the
# series; after the last patch in all configurations of configs/builds, by clang
# and for other machines too.
check_builds()
{
	local configs=() some=() args=() i bad=0

	[ -n "$(touched '*.c' '*.h' '*Kconfig' '*Makefile' '*.S')" ] ||
		[ "$n" = ${#names[@]} ] || not_for_this_patch
	if [ "$n" = ${#names[@]} ]; then
		mapfile -t configs < <(cd "$REPO/configs/builds" &&
			printf '%s\n' *.config | sed 's/\.config$//')
	else
		args=(--objects)
		configs=(i386 x86-smp x86-modules x86-drivers um-noblock um-off)
	fi
	# Two streams: much of a build is not parallel in itself.
	for i in 0 1; do
		mapfile -t some < <(printf '%s\n' "${configs[@]}" |
			awk -v i=$i 'NR % 2 == i')
		"$REPO/scripts/builds" --tree "$tree" "${args[@]}" \
			"${some[@]}" >"$scratch/builds$i" &
	done
	wait
	grep -hv '^ok ' "$scratch"/builds[01] && bad=1
	[ "$(cat "$scratch"/builds[01] | wc -l)" = ${#configs[@]} ] || bad=1
	return $bad
}

plant_builds_big_endian()
{
	printf '\n#ifdef __BIG_ENDIAN\n#error planted\n#endif\n' >>mm/kiobuf.c
}

plant_builds_32_bits()
{
	cat >>mm/kiobuf.c <<-'END'

		static_assert(sizeof(void *) == 8);
	END
}

# Only clang sees it.
plant_builds_clang()
{
	cat >>mm/kiobuf.c <<-'END'

		static int __maybe_unused kiobuf_planted(unsigned int i)
		{
			int value;

			if (i)
				value = 1;
			return value;
		}
	END
}

# Only modpost sees it.
plant_builds_export()
{
	sed -i '/^EXPORT_SYMBOL_GPL(kiobuf_map_iter)/d' mm/kiobuf.c
}
