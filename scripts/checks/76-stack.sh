# shellcheck shell=bash disable=SC2034,SC2154
checks+=(stack)
full_checks+=(stack)

# No function of the files that the series touches uses 512 bytes of stack or
# more, on UML and x86_64, says checkstack.pl, but those in configs/stack. In
# the suites, each of which has a thread to itself, the limit is 4096.
check_stack()
{
	local f limit dir

	whole_series
	need_packages binutils:objdump perl
	"$REPO/scripts/kunit" --tree "$tree" --build-only
	"$REPO/scripts/builds" --tree "$tree" x86-smp
	for f in $(c_files); do
		limit=512
		[[ $f != */tests/* ]] || limit=4096
		for dir in "$tree.kunit-uml" "$tree.builds/build-x86-smp"; do
			stack_users "$dir" "${f%.c}.o" $limit
		done
	done >"$scratch/stack"
	not_accepted stack <"$scratch/stack"
}

# stack_users BUILD OBJECT LIMIT: "OBJECT FUNCTION BYTES" for each; fails if there
# is nothing to look at.
stack_users()
{
	local dir=$1 obj=$2

	if [ ! -f "$dir/$obj" ]; then
		[[ $dir != *x86* ]] || make_x86 "$obj"
		[ -f "$dir/$obj" ] || { echo "no $dir/$obj" >&2; return 1; }
	fi
	objdump -d "$dir/$obj" >"$scratch/code"
	grep -q '>:$' "$scratch/code" || { echo "no code in $obj" >&2; return 1; }
	perl scripts/checkstack.pl x86_64 "$3" <"$scratch/code" |
		awk -v o="$obj" -v where="${dir##*/}" '
			{ print o, $2, $NF, "bytes in " where }' |
		sed -E 's/ \[.*\]:/ /'
}

# make_x86 ARGS...: make in the build directory of x86-smp.
make_x86()
{
	PATH=/usr/lib/ccache:$PATH make -C "$tree" -s ARCH=x86_64 \
		O="$tree.builds/build-x86-smp" -j"$JOBS" "$@"
}

plant_stack_large()
{
	add_stack_user mm/kiobuf.c 600
}

plant_stack_suite()
{
	add_stack_user mm/tests/kiobuf_kunit.c 4200
}

# add_stack_user FILE BYTES
add_stack_user()
{
	cat >>"$1" <<-END

		int kiobuf_planted(int i);
		int kiobuf_planted(int i)
		{
			char buf[$2];

			memset(buf, i, sizeof(buf));
			barrier_data(buf);
			return buf[i];
		}
	END
}
