# shellcheck shell=bash disable=SC2034,SC2154
checks+=(stack)
full_checks+=(stack)

# No function of the files that the series touches uses 512 bytes of stack or
# more, on UML and x86_64, says checkstack.pl, but those in configs/stack. In
# the suites, each of which has a thread to itself, the limit is 4096.
check_stack()
{
	local f limit obj

	whole_series
	need_packages binutils:objdump perl
	"$REPO/scripts/kunit" --tree "$tree" --build-only
	"$REPO/scripts/builds" --tree "$tree" x86-smp x86-drivers
	for f in $(c_files); do
		limit=512
		[[ $f != */tests/* ]] || limit=4096
		ls "$tree"{.kunit-uml,.builds/build-x86-{smp,drivers}}/"${f%.c}.o" \
			2>/dev/null >"$scratch/objects" || :
		[ -s "$scratch/objects" ] || die "$f is compiled nowhere"
		while read -r obj; do
			stack_users "$obj" "${f%.c}.o" $limit
		done <"$scratch/objects"
	done >"$scratch/stack"
	not_accepted stack <"$scratch/stack"
}

# stack_users OBJECT NAME LIMIT: "NAME FUNCTION BYTES" for each.
stack_users()
{
	local where=${1%/"$2"}

	objdump -d "$1" >"$scratch/code"
	grep -q '>:$' "$scratch/code" || { echo "no code in $1" >&2; return 1; }
	perl scripts/checkstack.pl x86_64 "$3" <"$scratch/code" |
		awk -v o="$2" -v where="${where##*/}" '
			{ print o, $2, $NF, "bytes in " where }' |
		sed -E 's/ \[.*\]:/ /'
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
