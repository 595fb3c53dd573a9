# shellcheck shell=dash
# For the tests that run inside the guest. Sourced by guest.d/run.

CONFIGFS=/sys/kernel/config/nullb

die()
{
	echo "error: $*" >&2
	exit 1
}

# fails COMMAND...: it has to fail, but not by a signal.
fails()
{
	local rc=0

	"$@" || rc=$?
	[ $rc != 0 ] || die "succeeded, but should not have: $*"
	case $rc in
	126 | 127 | 13? | 14?) die "ended with status $rc: $*" ;;
	esac
}

# says TEXT COMMAND...: COMMAND has to fail and say TEXT.
says()
{
	local text=$1 out

	shift
	out=$(fails "$@" 2>&1) || die "$out"
	case $out in
	*"$text"*) ;;
	*) die "no \"$text\" in what $* said: $out" ;;
	esac
}

# null_new NAME [ATTRIBUTE=VALUE...]: the disk /dev/NAME; memory backed.
null_new()
{
	local dir=$CONFIGFS/$1 a

	shift
	mkdir "$dir"
	for a in memory_backed=1 size=64 irqmode=0 "$@"; do
		echo "${a#*=}" >"$dir/${a%%=*}"
	done
	echo 1 >"$dir/power"
}

null_del()
{
	rmdir "$CONFIGFS/$1"
}

# random_file FILE MIB: the same bytes every time.
random_file()
{
	[ -e /tmp/random ] ||
		dd if=/dev/urandom of=/tmp/random bs=1M count=4 2>/dev/null
	rm -f "$1"
	local n=$2
	while [ "$n" -gt 0 ]; do
		cat /tmp/random
		n=$((n - 4))
	done | dd of="$1" bs=1M count="$2" iflag=fullblock 2>/dev/null
}

need_raw()
{
	[ -e /dev/raw/rawctl ] || insmod /lib/modules/raw.ko
	[ -c /dev/raw/rawctl ] || die "no /dev/raw/rawctl"
}

# Undo whatever a test left, also one that failed.
cleanup()
{
	local d n

	cd /
	awk '$2 ~ "^/tmp/" { print $2 }' /proc/mounts | sort -r |
		while read -r d; do umount -l "$d"; done
	losetup -D 2>/dev/null || :
	for d in /dev/raw/raw[0-9]*; do
		[ -c "$d" ] || continue
		rawbind -u "${d#/dev/raw/raw}" || :
	done
	rmmod scsi_debug 2>/dev/null || :
	for d in "$CONFIGFS"/*/; do
		n=${d%/}
		[ -d "$n" ] && rmdir "$n"
	done
	# busybox's find cannot delete.
	rm -rf /tmp/* /tmp/.[!.]*
}
