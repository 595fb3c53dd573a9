# shellcheck shell=bash disable=SC2164,SC2016,SC1091,SC2119
# scripts/kunit: what it makes of a kernel log, and the real runs.

# A kernel tree whose kunit.py builds nothing and "boots" the file log, and
# that has two suites on top of its base.
fake_kernel()
{
	mkdir -p tree/tools/testing/kunit tree/mm
	printf '%s\n' 'VERSION = 7' 'PATCHLEVEL = 3' >tree/Makefile
	touch tree/Kbuild tree/MAINTAINERS
	cat >tree/tools/testing/kunit/kunit.py <<-END
	#!/bin/sh
	for a; do case \$a in --build_dir=*) dir=\${a#*=} ;; esac; done
	[ \$1 != exec ] || cp $T/log \$dir/test.log
	echo "\$@" >>$T/args
	[ ! -e $T/rc ] || [ \$1 != exec ]
	END
	chmod +x tree/tools/testing/kunit/kunit.py
	git_tree tree base
	cat >tree/mm/fake_kunit.c <<-'END'
	static struct kunit_case one_cases[] = {
		KUNIT_CASE(one_a),
		KUNIT_CASE_PARAM(one_b, one_gen_params),
		{}
	};
	static struct kunit_case two_cases[] = {
		KUNIT_CASE_SLOW(two_a),
		{}
	};
	static struct kunit_suite one_suite = {
		.name = "one",
		.init = one_init,
		.test_cases = one_cases,
	};
	static struct kunit_suite two_suite = {
		.name = "two",
		.test_cases = two_cases,
	};
	kunit_test_suites(&one_suite, &two_suite);
	END
	git -C tree add mm
	git -C tree commit -qm suites
	cat >good <<-'END'
	Linux version 7.3.4
	Kernel command line: kunit.enable=1
	KTAP version 1
	1..2
	    KTAP version 1
	    # Subtest: one
	    # module: fake
	    1..2
	    ok 1 one_a
	        KTAP version 1
	        # Subtest: one_b
	        ok 1 small
	        ok 2 large
	    ok 2 one_b
	# one: pass:2 fail:0 skip:0 total:2
	ok 1 one
	    KTAP version 1
	    # Subtest: two
	    1..1
	    ok 1 two_a # SKIP needs a moon
	ok 2 two # SKIP
	reboot: System halted
	END
	cp good log
}

# shellcheck disable=SC2120 # most have no arguments for it
fake_run()
{
	"$REPO/scripts/kunit" --tree tree "$@"
}

test_good_log_passes()
{
	fake_kernel
	fake_run >out
	says '^2 passed, 0 failed, 1 skipped$' <out
	says '^skipped: two.two_a: needs a moon$' <out
	# With time stamps, too.
	sed 's/^/[    1.234567] /' good >log
	fake_run | says '^2 passed, 0 failed, 1 skipped$'
}

test_arguments_reach_kunit_py()
{
	fake_kernel
	fake_run --filter_glob='one.*' --timeout=7 --kconfig_add=CONFIG_A=y
	grep '^build ' args >build
	says ' --kconfig_add=CONFIG_A=y$' <build
	grep '^exec ' args >boot
	says ' one\.\* --timeout=7$' <boot
	says ' --kconfig_add=CONFIG_A=y ' <boot
	! grep -e filter_glob -e '--timeout=7' build
}

test_kunit_of_a_part()
{
	small_repo
	# A kernel whose kunit.py only tells what it has to build.
	mkdir -p mini/tools/testing/kunit
	printf '#!/bin/sh\nls mm >%s/files\nexit 1\n' "$T" \
		>mini/tools/testing/kunit/kunit.py
	chmod +x mini/tools/testing/kunit/kunit.py
	rm linux-mini.tar.xz
	rm -rf cache
	use_base
	fails 'the build failed' repo/scripts/kunit --part gup
	says '^ranges.c$' <files
	lacks '^new$' <files
	fails 'the build failed' repo/scripts/kunit
	says '^new$' <files
}

test_bad_result_fails()
{
	fake_kernel
	sed 's/    ok 2 one_b/    not ok 2 one_b/' good >log
	fails '^failed: one.one_b$' fake_run
	fails '^failed: one.one_b$' fake_run --raw_output=all
	cp good log
	touch rc
	fails 'not all is well' fake_run
}

test_missing_test_fails()
{
	fake_kernel
	sed '/    ok 2 one_b/d' good >log
	fails 'did not run: one.one_b$' fake_run
	sed '/Subtest: two/,$d' good >log
	fails 'did not run: two.two_a$' fake_run
	cp tree/mm/fake_kunit.c tree/mm/other_kunit.c
	sed -i 's/_cases\[\]/_cases[2]/; s/"one"/"three"/; s/"two"/"four"/' \
		tree/mm/other_kunit.c
	git -C tree add mm
	fails 'did not run: no test found in mm/other_kunit.c' fake_run
	git -C tree reset -q --hard
	grep -v 'ok [0-9]' good >log
	fails 'no test ran' fake_run
	# Unless a part was asked for.
	sed '/    ok 2 one_b/d; s/kunit.enable/kunit.filter_glob=one.one_a &/' \
		good >log
	fake_run 2>&1 | says 'a part of the tests was asked for'
}

test_each_splat_fails()
{
	local splat n=0

	fake_kernel
	while read -r splat; do
		{ cat good; echo "$splat"; } >log
		fails 'the kernel complained' fake_run
		n=$((n + 1))
	done <<-'END'
	BUG: sleeping function called from invalid context at mm/kiobuf.c:1
	BUG: KASAN: slab-use-after-free in kiobuf_free+0x1/0x2
	BUG: Bad page state in process kunit_try_catch  pfn:1234
	BUG: spinlock bad magic on CPU#0
	WARNING: mm/kiobuf.c:12 at unmap_kiobuf+0x1/0x2, CPU#0: kunit_try/12
	WARNING: possible circular locking dependency detected
	WARNING: possible recursive locking detected
	WARNING: inconsistent lock state
	WARNING: suspicious RCU usage
	INFO: trying to register non-static key.
	INFO: task kunit_try_catch:12 blocked for more than 120 seconds.
	INFO: lockdep is turned off.
	------------[ cut here ]------------
	Call Trace:
	UBSAN: array-index-out-of-bounds in mm/kiobuf.c:1:2
	kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	unreferenced object 0x60000000 (size 64):
	Kernel panic - not syncing: Kernel mode fault at addr 0x0
	refcount_t: underflow; use-after-free.
	list_del corruption. next->prev should be 1
	kernel BUG at mm/gup.c:100!
	Oops: general protection fault
	END
	[ $n = 22 ]

	# Not so what fault injection says, but what comes of it.
	{ cat good; printf '%s\n' 'FAULT_INJECTION: forcing a failure.' \
		'name failslab, interval 1' 'Stack:' 'Call Trace:' ' [<1>] x'; } \
		>log
	fake_run
	echo 'Call Trace:' >>log
	fails 'the kernel complained' fake_run
}

test_kunit()
{
	local start

	"$REPO/scripts/kunit"
	start=$SECONDS
	"$REPO/scripts/kunit" 2>err
	says 'is up to date' <err
	[ $((SECONDS - start)) -lt 60 ]
}

# The README's lines about changing the series, with no change, but for /tmp.
long_commands_to_change_the_series()
{
	copy_repo repo
	readme scripts/refresh >lines
	sed -i "s|/tmp/|$T/|" lines
	(cd repo && bash -ex ../lines)
	diff -r "$REPO/patches" repo/patches
	cmp "$REPO/series" repo/series
}

long_kunit_debug()
{
	"$REPO/scripts/kunit" --debug
}

# What the documentation says to type in a kernel tree.
long_commands_of_the_documentation()
{
	"$REPO/scripts/tree" tree
	grep -ohE '\./tools/testing/kunit/kunit\.py .*' \
		tree/Documentation/core-api/kiobuf.rst \
		tree/Documentation/admin-guide/raw-devices.rst | sort -u >lines
	[ -s lines ]
	(cd tree && bash -ex ../lines) | tee out
	[ "$(grep -c 'Testing complete.* passed: [1-9]' out)" = \
		"$(wc -l <lines)" ]
}

# Bugs planted into a real kernel, one of a kind, each reported by its checker.
long_planted_bugs_are_seen()
{
	"$REPO/scripts/tree" tree
	cat >tree/mm/planted.c <<-'END'
	#include <kunit/test.h>
	#include <linux/slab.h>
	#include <linux/spinlock.h>

	static DEFINE_SPINLOCK(a);
	static DEFINE_SPINLOCK(b);

	static void planted_warning(struct kunit *test)
	{
		WARN_ON(1);
	}

	static void planted_leak(struct kunit *test)
	{
		int i;

		for (i = 0; i < 10; i++)
			memset(kmalloc(128, GFP_KERNEL), i, 128);
	}

	static void planted_overflow(struct kunit *test)
	{
		char *p = kmalloc(64, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(p);
		WRITE_ONCE(p[64], 1);
		kfree(p);
	}

	static void planted_inversion(struct kunit *test)
	{
		spin_lock(&a);
		spin_lock(&b);
		spin_unlock(&b);
		spin_unlock(&a);
		spin_lock(&b);
		spin_lock(&a);
		spin_unlock(&a);
		spin_unlock(&b);
	}

	static void planted_sleep(struct kunit *test)
	{
		preempt_disable();
		might_sleep();
		preempt_enable();
	}

	static struct kunit_case planted_cases[] = {
		KUNIT_CASE(planted_inversion),
		KUNIT_CASE(planted_warning),
		KUNIT_CASE(planted_sleep),
		KUNIT_CASE(planted_leak),
		/* Turns lockdep off. */
		KUNIT_CASE(planted_overflow),
		{}
	};

	static struct kunit_suite planted_suite = {
		.name = "planted",
		.test_cases = planted_cases,
	};
	kunit_test_suites(&planted_suite);
	END
	echo 'obj-y += planted.o' >>tree/mm/Makefile
	"$REPO/scripts/kunit" --debug --tree tree >out && return 1
	cat out
	says 'WARNING: .*mm/planted.c' <out
	says 'BUG: KASAN: slab-out-of-bounds in planted_overflow' <out
	says 'WARNING: possible circular locking' <out
	says 'BUG: sleeping function called from invalid context' <out
	says 'unreferenced object' <out
}
