# shellcheck shell=dash
# Run the kselftests in the current directory. Sourced by tests.

# may_skip TEST: does this kernel lack what the test needs?
may_skip()
{
	case $KERNEL:$1 in
	disks:raw_fault | kcsan:raw_fault) return 0 ;;
	debug:raw_ctl | kcsan:raw_ctl)
		! grep '^ok.*# SKIP' /run/ktap | grep -qv 'not a module' ;;
	*) return 1 ;;
	esac
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
	if [ "$rc" != 0 ] && [ "$rc" != 4 ]; then
		echo "error: $name failed with status $rc"
	elif ! grep -q '^# Totals:\|^1\.\.0 ' /run/ktap; then
		echo "error: $name did not come to its end"
	elif grep -q '^not ok' /run/ktap; then
		echo "error: $name has failures"
	elif grep -q '# SKIP' /run/ktap && ! may_skip "$name"; then
		echo "error: $name skips what this kernel has"
	else
		return 0
	fi
	return 1
}

# With disks that can be taken out. All programs run, whatever the ones before
# them did.
run_kselftests()
{
	local t bad=

	# scsi_debug uses it; it may be built in.
	lsmod | grep -q ^crc_t10dif || [ ! -e /lib/modules/crc-t10dif.ko ] ||
		insmod /lib/modules/crc-t10dif.ko
	insmod /lib/modules/scsi_debug.ko dev_size_mb=16
	for t in raw_*; do
		[ -x "$t" ] || continue
		kselftest "$t" || bad="$bad $t"
	done
	[ -z "$bad" ] || die "failed:$bad"
}
