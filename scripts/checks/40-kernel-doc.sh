# shellcheck shell=bash disable=SC2034,SC2154
checks+=(kernel_doc)

# kernel-doc -Wall is silent about new files, and says nothing new about
# others. Everything that a new file exports is documented, but for its tests.
check_kernel_doc()
{
	local f files bad=0

	files=$(touched '*.c' '*.h')
	[ -n "$files" ] || not_for_this_patch
	for f in $files; do
		sgit show "$commit:$f" | kernel_doc "$f" >"$scratch/kdoc.new"
		if is_new "$f"; then
			: >"$scratch/kdoc.old"
			exported_undocumented "$f" >>"$scratch/kdoc.new"
		else
			sgit show "$prev:$f" | kernel_doc "$f" \
				>"$scratch/kdoc.old"
		fi
		if comm -23 "$scratch/kdoc.new" "$scratch/kdoc.old" | grep .; then
			bad=1
		fi
	done
	return $bad
}

# kernel_doc NAME: its warnings about standard input, without line numbers.
kernel_doc()
{
	local dir=$scratch/kdoc

	rm -rf "$dir"
	mkdir -p "$dir/$(dirname "$1")"
	cat >"$dir/$1"
	{ scripts/kernel-doc -none -Wall "$dir/$1" 2>&1 || :; } |
		sed -E "s|$dir/||; s/^(Warning|Error|Info): //; s/:[0-9]+ /: /" |
		sort
}

exported_undocumented()
{
	sed -nE 's/^EXPORT_SYMBOL(_GPL)?\(([a-z0-9_]*)\).*/\2/p' "$1" |
		while read -r name; do
			grep -qE "^ \* $name\(\)? - " "$1" ||
				echo "$1: $name is exported without kernel-doc"
		done
}

plant_kernel_doc_return()
{
	cat >>mm/kiobuf.c <<-'EOF'

		/**
		 * kiobuf_planted() - an error
		 */
		int kiobuf_planted(int value)
		{
			return value;
		}
	EOF
}

plant_kernel_doc_exported()
{
	cat >>mm/kiobuf.c <<-'EOF'

		void kiobuf_planted(void)
		{
		}
		EXPORT_SYMBOL_GPL(kiobuf_planted);
	EOF
}
