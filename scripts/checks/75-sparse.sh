# shellcheck shell=bash disable=SC2034,SC2154
checks+=(sparse)
full_checks+=(sparse)

# sparse has nothing to say about new files, or about lines of the patch in
# others. It has to have run: make says so for each file.
check_sparse()
{
	local f obj sparse bad=0 arch dir

	[ -n "$(c_files)" ] || not_for_this_patch
	sparse=$("$REPO/scripts/sparse")
	"$REPO/scripts/kunit" --tree "$tree" --build-only
	for f in $(c_files); do
		obj=${f%.c}.o
		arch=um dir=$tree.kunit-uml
		if [ ! -f "$dir/$obj" ]; then
			arch=x86_64 dir=$tree.builds/build-x86-drivers
			"$REPO/scripts/builds" --tree "$tree" x86-drivers
		fi
		# Not silent: make says what it checks.
		quiet_about_ours make ARCH=$arch O="$dir" C=2 CHECK="$sparse" \
			"$obj" || bad=1
		grep -qE "^ +CHECK +.*$f\$" "$scratch/said" || {
			echo "$f was not checked:"
			cat "$scratch/said"
			bad=1
		}
	done
	return $bad
}

plant_sparse_address_space()
{
	cat >>mm/kiobuf.c <<-'EOF'

		static int __maybe_unused kiobuf_planted(const int __user *p)
		{
			return *p;
		}
	EOF
}

plant_sparse_context()
{
	cat >>mm/kiobuf.c <<-'EOF'

		static int __maybe_unused kiobuf_planted(__le32 value)
		{
			return value + 1;
		}
	EOF
}
