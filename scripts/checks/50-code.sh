# shellcheck shell=bash disable=SC2034,SC2154
checks+=(code)

# No added BUG_ON, no inline in a .c file, no function that is deprecated, no
# EXPORT_SYMBOL that is not _GPL.
check_code()
{
	local bad=0

	[ -n "$(touched '*.c' '*.h')" ] || not_for_this_patch
	none_added 'BUG_ON and BUG crash the machine' \
		'(^|[^_A-Z])(VM_)?BUG(_ON(_[A-Z]+)?)?[(]' '*.c' '*.h' || bad=1
	none_added 'the compiler knows better what to inline in a .c file' \
		'(^|[^_a-z])inline([^_a-z]|$)' '*.c' || bad=1
	none_added 'exports are for GPL modules' 'EXPORT_SYMBOL[(]' '*.c' || bad=1
	none_added 'deprecated: see Documentation/process/deprecated.rst' \
		"$deprecated" '*.c' '*.h' || bad=1
	return $bad
}
deprecated='(^|[^_a-zA-Z0-9])(strcpy|strlcpy|strncpy|simple_strto[a-z]+|kmap'
deprecated+='|kmap_atomic|kunmap_atomic|virt_to_bus|bus_to_virt|lock_page'
deprecated+='|unlock_page|set_page_dirty|set_page_dirty_lock)[(]'

# none_added WHY REGEX PATTERN...: code outside of tools/, without comments. A line
# that the patch takes away elsewhere was only moved.
none_added()
{
	local why=$1 regex=$2

	shift 2
	if awk -v re="$regex" '
		function bare(s) { gsub(/[ \t]/, "", s); return s }
		NR == FNR { if (sub(/^-/, "")) moved[bare($0)] = 1; next }
		$1 ~ /^(tools|Documentation)\// { next }
		{
			where = $1 ":" $2
			sub(/^[^ ]+ [^ ]+ /, "")
			if (bare($0) in moved)
				next
			code = $0
			gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
			sub(/\/[*].*/, "", code)
			if (code ~ /^[ \t]*[*]/)
				next
			if (code ~ re)
				print where ": " $0
		}' <(sgit diff -U0 "$prev" "$commit" -- "$@") \
			<(added_text "$@") | grep .; then
		echo "    $why"
		return 1
	fi
}

plant_code_bug_on()
{
	printf '\nstatic void kiobuf_planted(int i)\n{\n\tBUG_ON(i);\n}\n' \
		>>mm/kiobuf.c
}

plant_code_inline()
{
	printf '\nstatic inline void kiobuf_planted(void)\n{\n}\n' >>mm/kiobuf.c
}

plant_code_deprecated()
{
	printf '\nstatic void kiobuf_planted(char *s)\n{\n\tstrcpy(s, s);\n}\n' \
		>>mm/kiobuf.c
}

plant_code_export()
{
	printf 'EXPORT_SYMBOL(kiobuf_planted);\n' >>mm/kiobuf.c
}
