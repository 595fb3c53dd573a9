# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# scripts/drivers: its usage, its programs, and the real runs.

test_drivers_usage()
{
	fails 'no option --nosuch' "$REPO/scripts/drivers" --nosuch
	fails 'no such program' "$REPO/scripts/drivers" --only nosuch
	mkdir tree
	fails 'not a kernel tree' "$REPO/scripts/drivers" --tree tree
	"$REPO/scripts/drivers" --list | says '^af-xdp$'
}

# A failed test makes its program fail, and the others run all the same.
test_drivers_failure_is_seen()
{
	cat >t.c <<-'END'
	#include "drivers.h"
	static void good(void) { CHECK(RC(close(-1)), -EBADF); }
	static void bad(void) { CHECK(1, 2); }
	static void crash(void) { abort(); }
	static const struct test tests[] = {
		{ "bad", bad }, { "crash", crash }, { "good", good },
	};
	int main(void) { return run_tests(tests, ARRAY_SIZE(tests)); }
	END
	gcc -Wall -Wextra -Werror -I"$REPO/scripts/drivers.d" -o t t.c
	if ./t >out; then
		return 1
	fi
	says '^t.c:3: 1 is 1, not 2$' <out
	says '^not ok bad$' <out
	says '^not ok crash$' <out
	says '^ok good$' <out
	says '^1 passed, 2 failed$' <out
}

long_drivers()
{
	"$REPO/scripts/drivers"
}

long_drivers_debug()
{
	"$REPO/scripts/drivers" --debug
}

# The bugs that the series mends are there in the base.
long_drivers_fail_on_the_base()
{
	"$REPO/scripts/tree" tree
	sgit -C tree checkout -q --detach base
	fails 'not ok charge_is_returned_after_a_hole' \
		"$REPO/scripts/drivers" --tree tree --only af-xdp
	fails 'not ok error_in_the_middle' \
		"$REPO/scripts/drivers" --tree tree --only vhost-vdpa
}
