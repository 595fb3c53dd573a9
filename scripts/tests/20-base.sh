# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# Where the kernel comes from. The real package is fetched by the tests that
# build; here are the other ways, and what can go wrong.

base_commit()
{
	git -C "$("$REPO/scripts/base")" -c safe.directory='*' rev-parse base
}

test_base_from_tarball()
{
	local base

	mini_base
	(cd "$T" && sha256sum linux-mini.tar.xz) >"$T/sha256sums.asc"
	base=$("$REPO/scripts/base")
	[ "$(tree_hash mini)" = "$(git -C "$base" rev-parse 'base^{tree}')" ]
	# The second time it comes from the cache.
	rm linux-mini.tar.xz
	[ "$base" = "$("$REPO/scripts/base" 2>err)" ]
	[ ! -s err ]
}

test_base_from_git()
{
	local from_tar

	mini_base
	from_tar=$(base_commit)
	rm -rf cache
	git_tree mini "$BASE_GIT_REF"
	export KIOBUF_SOURCES=git KIOBUF_GIT_URL=file://$T/mini
	[ "$(base_commit)" = "$from_tar" ]
}

test_truncated_tarball_is_refused()
{
	mini_base
	truncate -s -1000 linux-mini.tar.xz
	fails 'broken or was cut short' "$REPO/scripts/base"
	fails 'no kernel .* from: tarball. Give one with KDIR=' "$REPO/scripts/base"
	[ -z "$(find cache -name 'base-*')" ]
}

test_tarball_with_wrong_checksum_is_refused()
{
	mini_base
	echo "$(sha256sum <mini/Makefile | cut -d' ' -f1)  linux-mini.tar.xz" \
		>sha256sums.asc
	fails 'not what sha256sums.asc says' "$REPO/scripts/base"
	[ -z "$(find cache -name 'base-*')" ]
}

test_next_source_is_tried()
{
	mini_base
	export KIOBUF_SOURCES='git tarball' KIOBUF_GIT_URL=file:///no/such
	"$REPO/scripts/base" 2>err
	says 'git: nothing usable' <err
}

test_kdir_is_only_read()
{
	local from_tar before

	mini_base
	from_tar=$(base_commit)
	cp -rp mini plain
	git_tree mini
	echo "# not committed" >>mini/Makefile
	touch now
	sleep 0.1
	before=$(snapshot plain; snapshot mini)
	[ "$(KDIR=plain base_commit)" = "$from_tar" ]
	KDIR=mini "$REPO/scripts/base" 2>err
	says 'uncommitted changes' <err
	[ "$(KDIR=mini base_commit)" = "$from_tar" ]
	[ "$(snapshot plain; snapshot mini)" = "$before" ]
	[ -z "$(find plain mini -newer now)" ]

	fails 'no such directory' env KDIR=/no/such "$REPO/scripts/base"
	fails 'not a kernel tree' env KDIR="$T/cache" "$REPO/scripts/base"
}

test_kdir_change_is_noticed()
{
	mini_base
	KDIR=mini "$REPO/scripts/base" >first
	echo "# changed" >>mini/Kbuild
	KDIR=mini "$REPO/scripts/base" >second
	! cmp first second
}

test_built_kdir_is_cleaned_in_the_copy()
{
	local clean

	mini_base
	printf '%s\n' 'VERSION = 7' 'PATCHLEVEL = 3' 'mrproper:' \
		'	rm -rf .config include/generated' >mini/Makefile
	clean=$(KDIR=mini base_commit)
	mkdir -p mini/include/generated
	touch mini/.config mini/include/generated/autoconf.h mini/mm/a.o \
		mini/mm/.a.o.cmd mini/vmlinux
	[ "$(KDIR=mini base_commit)" = "$clean" ]
	[ -e mini/.config ]
}

# A mirror that only has linux-source-7.9, as apt would show it.
newer_mirror()
{
	mini_base
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 9/' mini/Makefile
	mkdir -p bin deb/DEBIAN deb/usr/src
	tar -cJf deb/usr/src/linux-source-7.9.tar.xz mini
	printf '%s\n' 'Package: linux-source-7.9' 'Version: 7.9.1-1' \
		'Architecture: all' 'Maintainer: nobody' 'Description: none' \
		>deb/DEBIAN/control
	dpkg-deb -Znone --build deb "$T/linux-source-7.9_7.9.1-1_all.deb"
	cat >bin/apt-get <<-END
	#!/bin/sh
	case "\$*" in
	indextargets*) echo http://mirror.invalid/ ;;
	*download*) cp $T/*.deb . ;;
	esac
	END
	printf '#!/bin/sh\necho linux-source-7.9\n' >bin/apt-cache
	chmod +x bin/*
	export PATH=$T/bin:$PATH KIOBUF_SOURCES=package
}

test_newer_mirror_is_said_and_used()
{
	newer_mirror
	"$REPO/scripts/base" 2>err
	says "WARNING: .* no longer has $BASE_PACKAGE" <err
	says 'WARNING: this base is v7\.9' <err
	says 'applies to v7\.9.* without fuzz' <err
}

test_newer_mirror_that_does_not_fit_is_passed_over()
{
	local f

	newer_mirror
	f=$(series_files | xargs sed -n 's|^--- a/||p' | head -n 1)
	echo >"mini/$f"
	tar -cJf deb/usr/src/linux-source-7.9.tar.xz mini
	dpkg-deb -Znone --build deb "$T/linux-source-7.9_7.9.1-1_all.deb"
	export KIOBUF_SOURCES='package tarball'
	"$REPO/scripts/base" >base 2>err
	says 'does not apply to v7\.9' <err
	[ "$(kernel_version "$(cat base)")" != 7.9 ]
}

test_truncated_package_is_refused()
{
	newer_mirror
	truncate -s -5000 ./*.deb
	fails 'unpacking .* failed' "$REPO/scripts/base"
}
