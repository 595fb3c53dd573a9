# shellcheck shell=dash
# Run the kselftests in the current directory. Sourced by tests.

# may_skip TEST REASON: skips that say nothing about the driver.
may_skip()
{
	case $KERNEL:$1 in
	plain:raw_fault* | kcsan:raw_fault*) return 0 ;;
	esac
	return 1
}

# kselftest PROGRAM
kselftest()
{
	local rc=0 name=$1

	{
		"$PWD/$name" 2>&1 || rc=$?
		echo $rc >/run/ktap.rc
	} | tee /run/ktap
	rc=$(cat /run/ktap.rc)
	[ "$rc" = 0 ] || [ "$rc" = 4 ] || die "$name failed with status $rc"
	grep -q '^# Totals:\|^1\.\.0 ' /run/ktap || die "$name did not finish"
	! grep -q '^not ok' /run/ktap || die "$name has failures"
	if grep -q '# SKIP' /run/ktap && ! may_skip "$name"; then
		die "$name skips what this kernel has"
	fi
}

run_kselftests()
{
	local t

	for t in raw_*; do
		[ -x "$t" ] || continue
		kselftest "$t"
	done
}
