# shellcheck shell=bash disable=SC2034,SC2154
checks+=(bloat)
full_checks+=(bloat)

# With CONFIG_KIOBUF=n no object is larger than in the base, says bloat-o-meter:
# neither those of the files that the series touches, nor those in the directory
# of a header there.
check_bloat()
{
	local base dir=$tree.bloat targets obj found='' bad=0

	whole_series
	need_packages binutils:nm gcc make flex bison bc \
		libelf-dev:/usr/include/libelf.h
	base=$("$REPO/scripts/base")
	targets=$(bloat_targets)
	build_off "$base" "$dir-base" "$targets"
	build_off "$tree" "$dir-series" "$targets"
	# shellcheck disable=SC2086 # kernel file names hold no blanks
	while read -r obj; do
		found=1
		[ -f "$dir-base/$obj" ] || { echo "$obj is new"; bad=1; continue; }
		not_larger "$dir-base/$obj" "$dir-series/$obj" || bad=1
	done < <(cd "$dir-series" && find $targets -name '*.o' |
		sort)
	[ -n "$found" ] || { echo "there is no object to compare"; bad=1; }
	return $bad
}

# For make: objects, and directories that have a header of their own.
bloat_targets()
{
	local f

	for f in $(sgit diff --name-only --diff-filter=M base "$commit" -- \
			'*.c' 'mm/*.h' 'fs/*.h' 'block/*.h' ':!tools'); do
		case $f in
		*.c) echo "${f%.c}.o" ;;
		*) echo "${f%/*}/" ;;
		esac
	done | sort -u
}

# build_off TREE BUILD TARGETS: without anything of the series.
build_off()
{
	mkdir -p "$2"
	grep '^CONFIG_' "$REPO/configs/builds/x86-smp.config" |
		grep -vE '^CONFIG_(KIOBUF|RAW_|KUNIT)' >"$2/wanted"
	local make=(make -C "$1" -s ARCH=x86_64 O="$2" -j"$JOBS")
	export PATH=/usr/lib/ccache:$PATH

	if [ ! -f "$2/.config" ]; then
		"${make[@]}" allnoconfig KCONFIG_ALLCONFIG="$2/wanted"
	fi
	"${make[@]}" olddefconfig prepare
	if grep -E '^CONFIG_(KIOBUF|RAW_DRIVER)=' "$2/.config"; then
		return 1
	fi
	# shellcheck disable=SC2086 # kernel file names hold no blanks
	"${make[@]}" $3
}

# not_larger OLD NEW
not_larger()
{
	local out

	out=$(scripts/bloat-o-meter "$1" "$2")
	awk '/up\/down: / { seen = 1; sub(/.*\(/, ""); bad = $0 + 0 > 0 }
		END { exit !seen || bad }' <<<"$out" && return
	echo "${2#"$tree.bloat-series/"}:"
	echo "$out"
	return 1
}

# More than what the series has made smaller there.
plant_bloat_data()
{
	printf '\nint kiobuf_planted[100] = { 1 };\n' >>mm/gup.c
}

plant_bloat_header()
{
	printf '\nstatic int __used kiobuf_planted(void)\n{\n%s\n}\n' \
		$'\treturn 0;' >>mm/internal.h
}
