# shellcheck shell=bash disable=SC2164,SC2016,SC1091,SC2119
# scripts/guest and scripts/bench: how they judge a guest, and the real runs.

test_guest_exit_is_read()
{
	cat >log <<-'END'
	[    1.000000] guest: 10-one ...
	guest: exit 0
	[    2.000000] guest: exit 0 and more
	END
	fails 'did not come to its end' guest_exit log
	printf '[    3.500000] guest: exit 0\r\n' >>log
	guest_exit log
	sed -i 's/exit 0\r$/exit 3/' log
	if guest_exit log; then
		return 1
	fi
}

# race_report WHERE FUNCTION CALLER...: as KCSAN writes it, of two accesses.
race_report()
{
	printf '[    1.1] %s\n' ======================= \
		"BUG: KCSAN: data-race in $1" '' \
		'write to 0xff of 8 bytes by task 1 on cpu 0:' \
		" $2+0x1/0x2" " $3+0x1/0x2" " $4+0x1/0x2" '' \
		'read to 0xff of 8 bytes by interrupt on cpu 1:' \
		" $5+0x1/0x2" " $6+0x1/0x2" =======================
}

# A race counts if one of ours took part, or called who did.
test_guest_tells_its_races_from_others()
{
	printf '%s\n' raw_get kiobuf_unpin.isra.0 >functions
	{
		echo one
		race_report 'a / b' a b raw_get b c
		echo two
	} >log
	our_races log functions >ours 2>err
	scan_splats ours
	[ "$(grep -n two ours)" = "$(grep -n two log)" ]
	says '1 data-race in a / b' <err

	echo 'BUG: KASAN: use-after-free in a+0x1/0x2' >>log
	our_races log functions | fails 'KASAN' scan_splats -
	for race in 'a / raw_get.part.0:a b c raw_get.part.0 d' \
			'memcpy / b:memcpy kiobuf_unpin c b d' \
			'a / memcpy:a b c memcpy raw_get'; do
		read -ra frames <<<"${race#*:}"
		race_report "${race%%:*}" "${frames[@]}" >log
		our_races log functions | fails 'KCSAN' scan_splats -
	done
}

test_guest_options_are_checked()
{
	# Of two lines for one option the last one counts.
	printf '%s\n' CONFIG_A=y CONFIG_B=m '# CONFIG_C is not set' CONFIG_D=n \
		'# about it' CONFIG_B=y >fragment
	guest_options fragment | LC_ALL=C sort >options
	printf '%s\n' '# CONFIG_C is not set' CONFIG_A=y CONFIG_B=y |
		cmp options -

	# A make that takes all but one.
	mkdir bin
	cat >bin/make <<-'END'
	#!/bin/sh
	for a; do case $a in O=*) dir=${a#*=} ;; esac; done
	grep -v CONFIG_RAW_DRIVER "$dir/fragment" >"$dir/.config"
	END
	chmod +x bin/make
	PATH=$PWD/bin:$PATH fails 'not take .*CONFIG_RAW_DRIVER=m' \
		guest_kernel tree "$PWD/build" plain
}

test_guest_wrong_usage()
{
	fails 'no kernel nosuch' "$REPO/scripts/guest" --kernel nosuch
	fails 'no option --nosuch' "$REPO/scripts/guest" --nosuch
	fails 'no option --nosuch' "$REPO/scripts/bench" --nosuch
	mkdir tree
	fails 'not a kernel tree' "$REPO/scripts/guest" --tree tree
	fails 'not a kernel tree' "$REPO/scripts/bench" --tree tree
	"$REPO/scripts/guest" --list | says '^20-dd +disks debug$'
}

# A root file system has programs that run with the libraries it has.
test_guest_root_is_complete()
{
	guest_root root cmp
	[ -x root/init ]
	printf 'one\n' >root/a
	[ "$(id -u)" != 0 ] || {
		chroot root /usr/bin/cmp a a
		[ "$(chroot root /usr/bin/sh -c 'echo $((6 * 7))')" = 42 ]
	}
	guest_pack root initramfs
	cpio --quiet -t <initramfs | says '^usr/bin/busybox$'
	fails 'no program nosuch' guest_root root nosuch
}

test_guest()
{
	"$REPO/scripts/guest"
}

# Each row has a figure for both and their ratio; those of a device have raw's.
long_bench()
{
	"$REPO/scripts/bench" --plot bench.svg >out
	cat out
	awk '/goals missed$/ { exit }
		NR > 1 {
			if (NF != 13 || $6 < 100 || $7 < 100 || $9 + 0 == 0)
				exit bad = 1
			n++
			raw += $13 + 0 > 0
		}
		END { exit bad || n < 450 || raw < 400 }' out
	says '^default +sync +read +4096 order-0 ' <out
	says '^1M +io_uring-fixed +write +65536 THP ' <out
	says '^default +pin_user_bvecs +both +1073741824 THP ' <out
	says '^default +xfs +read +1048576 order-0 ' <out
	says '</svg>' <bench.svg
}

long_bench_profile()
{
	"$REPO/scripts/bench" --profile sync:read:4096:order-0 >out
	cat out
	# base, series, raw
	says '^gup_fast_walk +0\.0 +[1-9][0-9.]+ +[1-9]' <out
	says '^raw_rw_iter +0\.0 +0\.0 +[1-9]' <out
	says '^\(all\) +[1-9][0-9.]+ +[1-9][0-9.]+ +[1-9]' <out
}

long_bench_sizes()
{
	"$REPO/scripts/bench" --sizes >out
	cat out
	for arch in x86_64 i386 arm64 riscv; do
		says "^$arch +\(all\) +[1-9][0-9]+ +[1-9][0-9]+ " <out
		says "^$arch +pin_user_bvecs +- +[1-9]" <out
	done
}

long_guest_debug()
{
	"$REPO/scripts/guest" --kernel debug
}

long_guest_kcsan()
{
	"$REPO/scripts/guest" --kernel kcsan
}

# A driver that writes one byte too few is seen, and so is one that warns.
long_guest_sees_a_broken_driver()
{
	local c=tree/drivers/char/raw.c

	"$REPO/scripts/tree" tree
	cp "$c" raw.c
	sed -i 's/^static int raw_release.*/&\n{\n\tWARN_ON(1);/; t
		' "$c"
	awk '/WARN_ON\(1\)/ { print; getline; next } { print }' "$c" >new
	cp new "$c"
	fails 'the kernel complained' "$REPO/scripts/guest" --tree tree \
		--only 21-blockdev
	# SETBIND of what is open.
	sed 's/return -EBUSY;/return 0;/' raw.c >"$c"
	fails 'FAIL 50-kselftest' "$REPO/scripts/guest" --tree tree \
		--only 50-kselftest
}
