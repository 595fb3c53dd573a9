# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The virtual machine of scripts/guest and scripts/bench.

# What scripts/guest and scripts/bench need to build a kernel and boot it.
guest_packages()
{
	[ "$(uname -m)" = x86_64 ] ||
		die "the guest is x86_64: it can not be built on $(uname -m)"
	need_compiler libelf-dev:/usr/include/libelf.h cpio dash \
		qemu-system-x86:qemu-system-x86_64 busybox-static:busybox "$@"
}

# guest_kernel TREE BUILD CONFIG...: the kernel of TREE, with what the files
# configs/guest-CONFIG.config name and nothing else, in BUILD.
guest_kernel()
{
	local files=("${@:3}")

	files=("${files[@]/#/$REPO/configs/guest-}")
	make_kernel "$1" x86_64 "$2" 'bzImage modules' "${files[@]/%/.config}"
}

# guest_selftests TREE BUILD [FLAG...]: the kselftests of the raw driver, in
# BUILD/kselftest, or BUILD/kselftest32 if FLAG is -m32.
guest_selftests()
{
	local tree=$1 build=$2 out

	shift 2
	out=$build/kselftest
	[ "${1-}" != -m32 ] || out=${out}32
	mkdir -p "$out"
	run_long "building the kselftests${1:+ ($1)}" "$out.log" \
		guest_make_selftests "$tree" "$build" "$out" "$*" ||
		die "the kselftests could not be built: $out.log"
}

guest_make_selftests()
{
	kmake "$1" x86_64 "$2" headers &&
		make -C "$1/tools/testing/selftests/drivers/raw" \
		OUTPUT="$3" KHDR_INCLUDES="-isystem $2/usr/include" \
		USERCFLAGS="-Werror -Wno-error=pointer-to-int-cast $4" \
		USERLDFLAGS="-static $4"
}

# guest_root DIR PROGRAM...: a root file system in DIR, with busybox and this
# system's PROGRAMs and the libraries that these need.
guest_root()
{
	local root=$1 d name p lib

	shift
	rm -rf "$root"
	mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,guest}
	for d in bin sbin lib lib64; do
		ln -s "usr/$d" "$root/$d"
	done
	cp "$(command -v busybox)" "$root/usr/bin/busybox"
	# Not busybox's own shell: it prefers its own programs to all others.
	ln -s dash "$root/usr/bin/sh"
	cp "$REPO/scripts/guest.d/init" "$root/init"
	cp "$REPO"/scripts/guest.d/{lib.sh,run,shell} "$root/guest"
	for name in dash "$@"; do
		p=$(PATH=$PATH:/usr/sbin:/sbin command -v "$name") ||
			die "there is no program $name here"
		cp -L "$p" "$root/usr/bin/"
		while read -r lib; do
			cp -L -n "$lib" "$root$lib" 2>/dev/null && continue
			mkdir -p "$root${lib%/*}"
			cp -L "$lib" "$root$lib"
		done < <(ldd "$p" | grep -oE '/[^ ]+' || :)
	done
}

# our_races LOG FUNCTIONS: print LOG without the races that KCSAN reports in the
# rest of the kernel, of which there are many; these are named. A race is ours if
# one of the two functions is in the list, or was called by one there. Lines
# keep their numbers.
our_races()
{
	[ -s "$2" ] || die "no function of the series in $2"
	awk -v others="$1.others" '
		function bare(s) { sub(/[.+].*/, "", s); return s }
		function flush(i) {
			if (title != "" && !ours) {
				print title >others
				for (i = 1; i <= n; i++)
					print ""
			} else {
				for (i = 1; i <= n; i++)
					print line[i]
			}
			n = ours = 0
			title = ""
		}
		BEGIN { printf "" >others }
		NR == FNR { own[bare($1)] = 1; next }
		{ line[++n] = $0; sub(/\r$/, ""); sub(/^\[ *[0-9.]+\] */, "") }
		/^====================/ {
			inside = !inside
			if (inside) {
				n--
				keep = line[n + 1]
				flush()
				line[n = 1] = keep
			} else {
				flush()
			}
			next
		}
		!inside { flush(); next }
		sub(/^BUG: KCSAN: /, "") {
			title = $0
			ours = (bare($(NF - 2)) in own) || (bare($NF) in own)
			next
		}
		/ by (task|interrupt)/ { frames = 2; next }
		frames > 0 && /^[A-Za-z_][A-Za-z_0-9.]*\+0x/ {
			frames--
			if (bare($1) in own)
				ours = 1
		}
		END { flush() }' "$2" "$1"
	[ ! -s "$1.others" ] || {
		info "races in the rest of the kernel:"
		sort "$1.others" | uniq -c >&2
	}
}

# guest_pack DIR FILE
guest_pack()
{
	(cd "$1" && find . | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$2"
}

# guest_qemu TIMEOUT BUILD INITRAMFS ARGUMENT... -- PARAMETER...: boot the
# kernel in BUILD with its console on standard output.
guest_qemu()
{
	local limit=$1 build=$2 initramfs=$3 args=()

	shift 3
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	# In the foreground: a shell's terminal is its standard input.
	timeout --foreground -k 10 "$limit" \
		qemu-system-x86_64 -nodefaults -display none -no-reboot \
		-serial mon:stdio -kernel "$build/arch/x86/boot/bzImage" \
		-initrd "$initramfs" "${args[@]}" -append "console=ttyS0 \
panic=-1 oops=panic reboot=t printk.devkmsg=on $*"
}

# guest_exit LOG: the status that the guest's init gave, or fail.
guest_exit()
{
	local rc

	rc=$(tr -d '\r' <"$1" |
		sed -nE 's/^\[ *[0-9.]+\] guest: exit ([0-9]+)$/\1/p')
	[ -n "$rc" ] || { info "the guest did not come to its end"; return 1; }
	return "$rc"
}

# guest_accel BUILD: print kvm if a guest boots with it here, else tcg.
guest_accel()
{
	local root=$1/probe-root log=$1/probe.log

	if [ -n "${GUEST_ACCEL-}" ]; then
		echo "$GUEST_ACCEL"
		return
	fi
	if [ -w /dev/kvm ]; then
		guest_root "$root"
		guest_pack "$root" "$1/probe.cpio"
		guest_qemu 20 "$1" "$1/probe.cpio" -accel kvm -cpu host -m 512 \
			-- guest.mode=probe >"$log" 2>&1 </dev/null || :
		if guest_exit "$log" 2>/dev/null; then
			echo kvm
			return
		fi
		info "/dev/kvm is here, but no guest boots on it: emulating"
	fi
	echo tcg
}
