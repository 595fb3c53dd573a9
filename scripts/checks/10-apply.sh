# shellcheck shell=bash disable=SC2034,SC2154
checks+=(apply)

# Applies to what is before it without fuzz or offset, by patch and by git,
# with the same result.
check_apply()
{
	local dir=$scratch/apply.d f out

	rm -rf "$dir"
	mkdir "$dir"
	for f in $(sgit diff --name-only --no-renames "$prev" "$commit"); do
		mkdir -p "$dir/$(dirname "$f")"
		sgit show "$prev:$f" >"$dir/$f" 2>/dev/null || rm "$dir/$f"
	done
	out=$(cd "$dir" && patch -p1 -F0 --no-backup-if-mismatch <"$patch") || {
		echo "$out"
		return 1
	}
	if grep -E 'fuzz|offset' <<<"$out"; then
		return 1
	fi
	for f in $(touched .); do
		sgit show "$commit:$f" | cmp - "$dir/$f"
	done
}

# A context line that is not what the tree has.
mangle_apply_context()
{
	sed -i '/^@@/,${ /^ [^ ]/{ s/^ / x/; :rest; n; b rest } }' "$1"
}

mangle_apply_offset()
{
	sed -i 's/^@@ -\([0-9]*\)\(.*\) +\([0-9]*\)/@@ -1\1\2 +1\3/' "$1"
}
