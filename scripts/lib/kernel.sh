# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Building kernels, and what their logs and sources say.

# kmake TREE ARCH BUILD ARGS...: make of the kernel, as fast as this machine can.
kmake()
{
	nice -n 5 make -C "$1" -s ARCH="$2" O="$3" -j"$JOBS" "${@:4}"
}

# make_kernel TREE ARCH BUILD TARGETS FILE...: the kernel of TREE, with what the
# FILEs name and nothing else, in BUILD.
make_kernel()
{
	local tree=$1 arch=$2 build=$3 targets=$4 o lost=

	shift 4
	mkdir -p "$build"
	cat "$@" >"$build/fragment"
	kmake "$tree" "$arch" "$build" allnoconfig \
		KCONFIG_ALLCONFIG="$build/fragment" >"$build/config.log" 2>&1 ||
		die "$tree could not be configured, see $build/config.log"
	while read -r o; do
		grep -qxF "$o" "$build/.config" || lost+=" $o"
	done < <(guest_options "$build/fragment")
	[ -z "$lost" ] || die "this kernel does not take these options:$lost"
	# shellcheck disable=SC2086 # a list
	run_long "building the kernel in ${build##*/}" "$build/build.log" \
		kmake "$tree" "$arch" "$build" $targets ||
		die "the build failed: $build/build.log"
}

# What a fragment asks for; the last line for an option is the one that counts.
guest_options()
{
	awk '/^# CONFIG_.* is not set$/ { v[$2] = $0 }
		/^CONFIG_/ { split($0, f, "="); v[f[1]] = $0 }
		END { for (o in v) if (v[o] !~ /=n$/) print v[o] }' "$1"
}

# What a kernel is built with.
need_compiler()
{
	need_packages git gcc make flex bison bc python3 perl xz-utils:xz \
		libc6-dev:/usr/include/stdlib.h "$@"
}

# kunit_args ARG...: only what scripts/kunit hands on, or usage.
kunit_args()
{
	local a

	for a; do
		case $a in
		--filter=* | --filter_glob=* | --filter_action=* | --timeout=* | \
		--raw_output | --raw_output=* | --json=* | --kernel_args=* | \
		--kconfig_add=* | --make_options=* | --arch=* | \
		--cross_compile=* | --qemu_args=* | --qemu_config=*) ;;
		-*) bad_usage "no option $a" ;;
		esac
	done
}

# scan_splats LOG: print the lines with which a kernel complains, each with
# its number; succeeds if there is none. The trace with which fault injection
# tells what it does is none.
scan_splats()
{
	SPLATS=$SPLATS awk '
		/FAULT_INJECTION: forcing a failure/ { injected = 1 }
		injected && /Call Trace/ { injected = 0; next }
		$0 ~ ENVIRON["SPLATS"] { print NR ":" $0; bad = 1 }
		END { exit bad }' "$1"
}
SPLATS='BUG:|BUG at|WARNING:|ERROR:|INFO: (possible|suspicious|trying|task|rcu'
SPLATS+='|lockdep)|KASAN:|KCSAN:|UBSAN:|UBSAN |-\[ cut here \]-|Call Trace'
SPLATS+='|possible (recursive|circular) locking|inconsistent lock state'
SPLATS+='|suspicious RCU|turning off the locking|invalid context'
SPLATS+='|suspected memory leak|unreferenced object'
SPLATS+='|Oops|general protection|Kernel panic|Kernel mode fault|soft lockup'
SPLATS+='|refcount_t:|list_(add|del) corruption|[Bb]ad page|Bad rss-counter'
SPLATS+='|Segfault with no mm|double free|blocked for more than'

# expected_tests TREE [FILE...]: "suite.test" for each KUnit test that TREE's
# commits on top of its tag "base", or uncommitted changes, bring (to the FILEs). A file with suites
# in which none can be found gives a line that no test is called.
expected_tests()
{
	local files

	files=$(sgit -C "$1" diff --name-only --diff-filter=d base -- "${@:2}" |
		grep '\.c$' || :)
	[ -n "$files" ] || return 0
	# shellcheck disable=SC2086 # kernel file names hold no blanks
	(cd "$1" && awk '
		/struct kunit_case [a-z0-9_]+\[\]/ {
			arr = FILENAME $0
			sub(/\[\].*/, "", arr)
			sub(/\.c.* /, ".c ", arr)
		}
		/^[ \t]*KUNIT_CASE[A-Z_]*\(/ {
			sub(/^[^(]*\(/, "")
			sub(/[,)].*/, "")
			cases[arr] = cases[arr] " " $0
		}
		/struct kunit_suite [a-z0-9_]+ = / { in_suite = 1 }
		in_suite && /\.name[ \t]*=/ { split($0, f, "\""); suite = f[2] }
		in_suite && /\.test_cases[ \t]*=/ {
			sub(/.*=[ \t]*/, "")
			sub(/,.*/, "")
			from = FILENAME " " $0
		}
		/kunit_test(_init_section)?_suites?\(/ { has[FILENAME] = 1 }
		in_suite && /^}/ {
			in_suite = 0
			suites[suite] = from
		}
		END {
			for (suite in suites) {
				n = split(cases[suites[suite]], f, " ")
				split(suites[suite], file, " ")
				if (n)
					delete has[file[1]]
				for (i = 1; i <= n; i++)
					print suite "." f[i]
			}
			for (name in has)
				print "no test found in " name
		}' $files) | sort
}

# get_maintainer TREE ARG...: TREE's get_maintainer.pl, by MAINTAINERS alone: there
# is no history to look at.
get_maintainer()
{
	(cd "$1" && perl scripts/get_maintainer.pl --nogit --nogit-fallback \
		--nofixes --norolestats "${@:2}")
}

# run_checkpatch TREE SCRATCH ARGS...: TREE's checkpatch.pl, as strict as it can
# be, but for commits, of which a tree without history knows none, and for names in
# CamelCase that the base has. Prints what it has to say, and fails if that is
# anything.
run_checkpatch()
{
	local tree=$1 bin=$2/bin dict python out rc=0

	shift 2
	need_checkpatch
	dict=$("$(python_with codespell_lib)" -c 'import codespell_lib, os
print(os.path.dirname(codespell_lib.__file__) + "/data/dictionary.txt")')
	[ -s "$dict" ] || die "codespell has no $dict"
	# It runs spdxcheck.py with the python3 that is found first.
	python=$(python_with git,ply)
	mkdir -p "$bin"
	ln -sf "$(command -v "$python")" "$bin/python3"
	out=$(cd "$tree" && PATH=$bin:$PATH perl scripts/checkpatch.pl --strict \
		--codespell --codespellfile "$dict" --max-line-length=80 \
		--show-types --no-summary \
		--ignore UNKNOWN_COMMIT_ID,MISSING_FIXES_TAG "$@" 2>&1) || rc=$?
	# Without its dictionaries it only warns, and goes on.
	if grep -E '^No .*will be found|^Traceback' <<<"$out"; then
		return 1
	fi
	[ $rc != 0 ] || return 0
	[ -n "$out" ] || return $rc
	! TREE=$tree perl -00 -ne 'last if /^NOTE:/;
		# A loop evaluates its arguments more than once.
		next if /^CHECK:MACRO_ARG_REUSE:/ && /^\+#define \w+_for_each_/m;
		print unless /^CHECK:CAMELCASE: .*<(\w+)>\n.* FILE: ([^:]+)/ &&
			!system qw(git -C), $ENV{TREE}, qw(grep -qw), $1, "base",
				"--", $2' <<<"$out" | grep .
}
