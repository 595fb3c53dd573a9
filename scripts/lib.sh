# shellcheck shell=bash
# Shared by the scripts: source it, do not run it.
#
#   REPO   this repository              CACHE  kernels, shared by all clones
#   WORK   scratch trees and builds of this clone, inside CACHE
#
# Errors go to stderr and exit 1, wrong usage exits 2.

set -euo pipefail
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE CDPATH

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-${HOME:?is not set: set it or XDG_CACHE_HOME}/.cache}/kiobuf
# shellcheck disable=SC2034 # for those who source this
WORK=$CACHE/work/$(printf %s "$REPO" | sha256sum | cut -c1-12)
# All our builds have their tree next to them: with names relative to this, what
# was compiled in one need not be compiled in the next.
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$CACHE}
JOBS=${JOBS:-$(nproc)}
PROG=${0##*/}
# shellcheck source=configs/base
. "$REPO/configs/base"

elapsed()
{
	printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

info()
{
	printf '[%s] %s: %s\n' "$(elapsed)" "$PROG" "$*" >&2
}

warn()
{
	printf '\n*** %s: WARNING: %s\n\n' "$PROG" "$*" >&2
}

die()
{
	printf '%s: error: %s\n' "$PROG" "$*" >&2
	exit 1
}

# usage_exit STATUS: print the script's head comment, below the license.
usage_exit()
{
	local to=1

	[ "$1" = 0 ] || to=2
	awk 'NR > 3 { if (!sub(/^# ?/, "")) exit; print }' "$0" >&$to
	exit "$1"
}

# Say every 30 seconds that WHAT is still running, until killed. Sleeps in
# the shell itself, so that no child outlives the kill.
heartbeat()
{
	local fd

	exec {fd}<> <(:)
	while kill -0 $$ 2>/dev/null; do
		read -rt 30 -u "$fd" || info "$1: still running"
	done
}

# run_long WHAT LOG COMMAND...: COMMAND with its output in LOG; a heartbeat
# while it runs, the end of LOG if it fails. Returns what COMMAND returned.
# set -e has no effect in a COMMAND that is a function.
run_long()
{
	local what=$1 log=$2 hb rc=0 start=$SECONDS

	shift 2
	mkdir -p "$(dirname "$log")"
	: >"$log"
	info "$what ..."
	heartbeat "$what" &
	hb=$!
	"$@" >>"$log" 2>&1 </dev/null || rc=$?
	kill "$hb" 2>/dev/null || :
	wait "$hb" 2>/dev/null || :
	if [ "$rc" != 0 ]; then
		info "$what failed with status $rc, the end of $log:"
		tail -n 30 "$log" | sed 's/^/    /' >&2
	else
		info "$what: done in $((SECONDS - start)) s"
	fi
	return "$rc"
}

# need_packages PACKAGE[:PROBE]...: PROBE, a command (PACKAGE if not given)
# or an absolute file name, tells whether it is there. What is missing is
# installed by apt if we are root, else it is named and we fail.
need_packages()
{
	local spec probe missing=() try

	for try in first last; do
		missing=()
		for spec; do
			probe=${spec#*:}
			case $probe in
			/*) [ -e "$probe" ] ;;
			*) command -v "$probe" >/dev/null ;;
			esac || missing+=("${spec%%:*}")
		done
		[ ${#missing[@]} != 0 ] || return 0
		if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
			die "missing: ${missing[*]}. Install them (as root on" \
				"Debian: apt-get install ${missing[*]})"
		fi
		[ $try = first ] || break
		run_long "installing ${missing[*]}" "$CACHE/log/apt-$$.log" \
			apt_install "${missing[@]}" ||
			die "apt could not install: ${missing[*]}"
	done
	die "still missing after their installation: ${missing[*]}"
}

# Not gcc-multilib, which can not be installed next to cross compilers.
need_32bit_gcc()
{
	local lib

	lib=$(gcc -print-libgcc-file-name)
	need_packages libc6-dev-i386:/usr/lib32/libc.a \
		"gcc-$(gcc -dumpversion)-multilib:${lib%/*}/32/libgcc.a"
}

# In a shell of its own, for the lock: another script may be at it.
apt_install()
(
	export DEBIAN_FRONTEND=noninteractive
	take_lock "$CACHE/apt.lock"
	# A repository that is down matters only if the packages are in it.
	apt-get update || echo "going on with the lists that are there"
	apt-get install -y --no-install-recommends "$@"
)

# take_lock FILE: hold it until the script ends.
take_lock()
{
	local fd

	mkdir -p "$(dirname "$1")"
	exec {fd}>"$1"
	flock -n "$fd" && return
	info "waiting for another run, which holds $1"
	flock "$fd"
}

# git for our own scratch trees: nobody's configuration, hooks or name, unless
# SGIT_NAME and SGIT_EMAIL are set.
sgit()
{
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null \
	GIT_AUTHOR_NAME=${SGIT_NAME:-kiobuf} \
	GIT_AUTHOR_EMAIL=${SGIT_EMAIL:-kiobuf@localhost} \
	GIT_COMMITTER_NAME=${SGIT_NAME:-kiobuf} \
	GIT_COMMITTER_EMAIL=${SGIT_EMAIL:-kiobuf@localhost} \
	GIT_AUTHOR_DATE="${GIT_AUTHOR_DATE:-1700000000 +0000}" \
	GIT_COMMITTER_DATE="${GIT_COMMITTER_DATE:-1700000000 +0000}" \
	git -c gc.auto=0 -c core.hooksPath=/dev/null -c safe.directory='*' \
		-c advice.detachedHead=false -c checkout.workers=0 "$@"
}

# The patches of the series in order, one name a line.
series_patches()
{
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$REPO/series"
}

# The same as paths; fails if one is missing.
series_files()
{
	local p

	while read -r p; do
		[ -f "$REPO/patches/$p" ] ||
			die "series names patches/$p, which does not exist"
		printf '%s\n' "$REPO/patches/$p"
	done < <(series_patches)
}

# One hash over series and patches.
series_hash()
{
	local files

	files=$(series_files)
	# shellcheck disable=SC2086 # format-patch names hold no blanks
	(cd "$REPO" && sha256sum series ${files//$REPO\//}) | sha256sum | cut -c1-40
}

# is_kernel_tree DIR
is_kernel_tree()
{
	[ -f "$1/Kbuild" ] && [ -f "$1/MAINTAINERS" ] && [ -f "$1/Makefile" ] &&
		grep -q '^VERSION = ' "$1/Makefile" &&
		grep -q '^PATCHLEVEL = ' "$1/Makefile"
}

# kernel_version DIR: X.Y.Z with the extra version, as Makefile has it.
kernel_version()
{
	awk -F ' *= *' '$1 == "VERSION" { v = $2 }
		$1 == "PATCHLEVEL" { p = $2 }
		$1 == "SUBLEVEL" { s = $2 }
		$1 == "EXTRAVERSION" { e = $2; exit }
		END { print v "." p (s == "" || s == 0 ? "" : "." s) e }' \
		"$1/Makefile"
}

# version_supported VERSION: is its X.Y within BASE_MIN..BASE_MAX?
version_supported()
{
	local v

	v=$(printf %s "$1" | sed -E 's/^([0-9]+\.[0-9]+).*/\1/')
	printf '%s\n' "$BASE_MIN" "$v" "$BASE_MAX" | sort -CV
}

# series_tree GITDIR BASE: apply the series to BASE in a scratch index and
# print the tree's hash. Zero fuzz: git apply knows none.
series_tree()
{
	local repo=$1 p index files

	files=$(series_files)
	index=$(mktemp -u "${TMPDIR:-/tmp}/kiobuf-index.XXXXXX")
	GIT_INDEX_FILE=$index sgit -C "$repo" read-tree "$2"
	for p in $files; do
		if ! GIT_INDEX_FILE=$index sgit -C "$repo" apply --cached \
				--whitespace=nowarn "$p" >&2; then
			rm -f "$index"
			die "${p##*/} does not apply to $2 of $repo"
		fi
	done
	GIT_INDEX_FILE=$index sgit -C "$repo" write-tree
	rm -f "$index"
}

# am_series DIR [COUNT]: the first COUNT patches (all) as commits on top of
# DIR's HEAD. Author, date and message are the patch's; the committer date is
# the author's, so that the same series gives the same commits.
am_series()
{
	local files

	files=$(series_files | head -n "${2:--0}")
	[ -n "$files" ] || return 0
	# shellcheck disable=SC2086 # format-patch names hold no blanks
	sgit -C "$1" am -q \
		--committer-date-is-author-date $files >&2
}

# check_tree DIR: is it one that scripts/tree made?
check_tree()
{
	is_kernel_tree "$1" || die "$1 is not a kernel tree"
	sgit -C "$1" rev-parse -q --verify base >/dev/null ||
		die "$1 has no tag \"base\": make it with scripts/tree"
}

# clone_base DIR: make DIR a git tree of the base, unless it is one. The caller
# holds a lock on it: what git finds locked was left by a run that was killed.
clone_base()
{
	local base log

	base=$("$REPO/scripts/base")
	rm -f "$1/.git/index.lock"
	[ "$(sgit -C "$1" rev-parse -q --verify base 2>/dev/null)" != \
		"$(sgit -C "$base" rev-parse base)" ] || return 0
	log=$CACHE/log/clone-$$.log
	rm -rf "$1"
	run_long "copying the base" "$log" sgit clone -q --shared "$base" "$1"
	rm "$log"
}

# Make tree, under a lock, this clone's own tree: the base with the series as
# one commit. Only files that differ are written, so that the next build
# compiles no more than it has to.
use_series_tree()
{
	local base commit

	[ -n "$(series_patches)" ] || die "the series is empty"
	prune_work
	take_lock "$WORK/lock"
	base=$("$REPO/scripts/base")
	tree=$WORK/tree
	if [ "$(sgit -C "$tree" rev-parse -q --verify base 2>/dev/null)" != \
			"$(sgit -C "$base" rev-parse base)" ]; then
		rm -rf "$tree"
		run_long "copying the base" "$CACHE/log/tree-$$.log" \
			sgit clone -q --shared "$base" "$tree"
		rm "$CACHE/log/tree-$$.log"
	fi
	commit=$(series_tree "$tree" base)
	commit=$(sgit -C "$tree" commit-tree "$commit" -p base -m series)
	sgit -C "$tree" checkout -q -f --detach "$commit"
}

# Say whose $WORK it is, and delete the work of clones that no longer exist.
prune_work()
{
	local d

	mkdir -p "$WORK"
	echo "$REPO" >"$WORK/repo"
	for d in "$CACHE"/work/*/; do
		[ ! -f "$d/repo" ] || [ -d "$(cat "$d/repo")" ] || rm -rf "$d"
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

# expected_tests TREE: "suite.test" for each KUnit test that TREE's commits
# on top of its tag "base", or uncommitted changes, bring. A file with suites
# in which none can be found gives a line that no test is called.
expected_tests()
{
	local files

	files=$(sgit -C "$1" diff --name-only --diff-filter=d base -- '*.c')
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

# python_with MODULE: a python that has it. It is a package of the distribution,
# and the python3 found first may be another one.
python_with()
{
	local p

	for p in python3 /usr/bin/python3; do
		! "$p" -c "import $1" 2>/dev/null || { echo "$p"; return; }
	done
	die "no python3 has the module $1"
}

# run_checkpatch TREE SCRATCH ARGS...: TREE's checkpatch.pl, as strict as it can
# be. Prints what it has to say, and fails if that is anything.
run_checkpatch()
{
	local tree=$1 bin=$2/bin dict python out rc=0

	shift 2
	need_packages codespell \
		python3-git:/usr/lib/python3/dist-packages/git \
		python3-ply:/usr/lib/python3/dist-packages/ply
	dict=$("$(python_with codespell_lib)" -c 'import codespell_lib, os
print(os.path.dirname(codespell_lib.__file__) + "/data/dictionary.txt")')
	[ -s "$dict" ] || die "codespell has no $dict"
	# It runs spdxcheck.py with the python3 that is found first.
	python=$(python_with git,ply)
	mkdir -p "$bin"
	ln -sf "$(command -v "$python")" "$bin/python3"
	out=$(cd "$tree" && PATH=$bin:$PATH perl scripts/checkpatch.pl --strict \
		--codespell --codespellfile "$dict" --max-line-length=80 \
		--show-types --no-summary "$@" 2>&1) || rc=$?
	# Without its dictionaries it only warns, and goes on.
	if grep -E '^No .*will be found|^Traceback' <<<"$out"; then
		return 1
	fi
	[ $rc = 0 ] || sed '/^NOTE:/,$d' <<<"$out"
	return $rc
}

# The mirror that this system's own packages come from.
debian_mirror()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Label: Debian' 'Component: main' | head -n 1
}

# apt_suite DIR SUITE: an apt state in DIR that knows only Debian's SUITE, and
# changes nothing of the system.
apt_suite()
{
	local uri

	command -v apt-get >/dev/null || { info "$2: no apt here"; return 1; }
	if [ ! -e "$BASE_KEYRING" ]; then
		info "$2: no $BASE_KEYRING to verify it with"
		return 1
	fi
	uri=$(debian_mirror)
	if [ -z "$uri" ] && [ "$(id -u)" = 0 ]; then
		run_long "apt-get update" "$CACHE/log/apt.log" apt-get update
		uri=$(debian_mirror)
	fi
	if [ -z "$uri" ]; then
		info "$2: apt knows no Debian mirror (apt-get update?)"
		return 1
	fi
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	echo "deb [signed-by=$BASE_KEYRING] $uri $2 main" >"$1/sources.list"
	run_long "reading the list of $2" "$CACHE/log/apt.log" \
		apt_in "$1" apt-get update
}

# apt_in DIR COMMAND...: an apt command with the state of apt_suite DIR.
apt_in()
{
	local dir=$1 cmd=$2

	shift 2
	"$cmd" -qq -o APT::Sandbox::User= -o Acquire::Retries=3 \
		-o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::State="$dir" \
		-o Dir::State::status=/var/lib/dpkg/status \
		-o Dir::Cache="$dir" "$@"
}

# What scripts/guest and scripts/bench need to build a kernel and boot it.
guest_packages()
{
	[ "$(uname -m)" = x86_64 ] ||
		die "the guest is x86_64: it can not be built on $(uname -m)"
	need_packages git gcc make flex bison bc python3 perl xz-utils:xz \
		libelf-dev:/usr/include/libelf.h cpio \
		qemu-system-x86:qemu-system-x86_64 \
		busybox-static:busybox dash libc6-dev:/usr/include/stdlib.h "$@"
	# An unchanged file need not be compiled twice, if ccache is installed.
	[ ! -d /usr/lib/ccache ] || PATH=/usr/lib/ccache:$PATH
}

# guest_kernel TREE BUILD CONFIG...: the kernel of TREE, with what the files
# configs/guest-CONFIG.config name and nothing else, in BUILD.
guest_kernel()
{
	local tree=$1 build=$2 c o lost=

	shift 2
	mkdir -p "$build"
	for c; do
		cat "$REPO/configs/guest-$c.config"
	done >"$build/fragment"
	make -C "$tree" -s ARCH=x86_64 O="$build" \
		KCONFIG_ALLCONFIG="$build/fragment" allnoconfig \
		>"$build/config.log" 2>&1 ||
		die "$tree could not be configured, see $build/config.log"
	while read -r o; do
		grep -qxF "$o" "$build/.config" || lost+=" $o"
	done < <(guest_options "$build/fragment")
	[ -z "$lost" ] || die "this kernel does not take these options:$lost"
	run_long "building the kernel ($*)" "$build/build.log" nice -n 5 \
		make -C "$tree" -s ARCH=x86_64 O="$build" -j"$JOBS" \
		bzImage modules || die "the build failed: $build/build.log"
}

# What a fragment asks for; the last line for an option is the one that counts.
guest_options()
{
	awk '/^# CONFIG_.* is not set$/ { v[$2] = $0 }
		/^CONFIG_/ { split($0, f, "="); v[f[1]] = $0 }
		END { for (o in v) if (v[o] !~ /=n$/) print v[o] }' "$1"
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
	make -C "$1" -s ARCH=x86_64 O="$2" headers &&
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
