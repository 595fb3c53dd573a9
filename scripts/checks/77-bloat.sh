# shellcheck shell=bash disable=SC2034,SC2154
checks+=(bloat)
full_checks+=(bloat)

# With its options off the series makes no object larger, says bloat-o-meter,
# from the part kiobuf on: what is before has none. That is the objects of the
# files that it touches, and those in the directory of a header there.
check_bloat()
{
	local before dir=$tree.bloat targets obj found='' bad=0

	whole_series
	need_packages binutils:nm gcc make flex bison bc \
		libelf-dev:/usr/include/libelf.h
	before=$(REPO=$series PART=kiobuf first_patch)
	targets=$(bloat_targets)
	sgit checkout -q -f --detach "${commits[${before:-1} - 1]}"
	build_off "$dir-base" "$targets"
	sgit checkout -q -f --detach "$commit"
	build_off "$dir-series" "$targets"
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

	for f in $(series_sources "$tree" M {mm,block,lib}/'*.[ch]' \
			':(glob)fs/*.[ch]'); do
		case $f in
		*.c) echo "${f%.c}.o" ;;
		*) echo "${f%/*}/" ;;
		esac
	done | sort -u
}

# build_off BUILD TARGETS: without anything of the series.
build_off()
{
	local ours make=(kmake "$tree" x86_64 "$1")

	ours=$(series_options "$tree" | paste -sd'|')
	mkdir -p "$1"
	grep '^CONFIG_' "$REPO/configs/builds/x86-smp.config" |
		grep -vE "^($ours|CONFIG_KUNIT)=" >"$1/wanted"
	if [ ! -f "$1/.config" ]; then
		"${make[@]}" allnoconfig KCONFIG_ALLCONFIG="$1/wanted"
	fi
	"${make[@]}" olddefconfig prepare
	if grep -E "^($ours)=" "$1/.config"; then
		return 1
	fi
	# shellcheck disable=SC2086 # kernel file names hold no blanks
	"${make[@]}" $2
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
