# shellcheck shell=bash disable=SC2034,SC2154
checks+=(tests)
full_checks+=(tests)

# The suites that exist by this patch pass under UML.
check_tests()
{
	[ -n "$(expected_tests "$tree")" ] || not_for_this_patch
	"$REPO/scripts/kunit" --tree "$tree"
}

# An error that only running shows.
plant_tests_fail()
{
	sed -i '/^int alloc_kiovec/,/^}/s/\treturn 0;/\treturn 1;/' mm/kiobuf.c
}

plant_tests_splat()
{
	sed -i '/^int alloc_kiovec/,/^}/s/\treturn 0;/\tWARN_ON(1);\n&/' \
		mm/kiobuf.c
}
