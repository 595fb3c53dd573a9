# shellcheck shell=bash disable=SC2034,SC2154
checks+=(headers)
full_checks+=(headers)

# New kernel headers compile alone and twice, with W=1 and no warning, with the
# options of the series and without.
check_headers()
{
	local f headers=() with probe=mm/kiobuf_header_probe bad=0

	for f in $(touched 'include/linux/*.h'); do
		! is_new "$f" || headers+=("$f")
	done
	[ ${#headers[@]} != 0 ] || not_for_this_patch
	"$REPO/scripts/kunit" --tree "$tree" --build-only
	for f in "${headers[@]}"; do
		for with in define undef; do
			header_probe "${f#include/}" $with >$probe.c
			uml_make W=1 KCFLAGS=-Werror $probe.o || {
				echo "$f does not compile alone (#$with)"
				bad=1
			}
			rm -f $probe.c "$tree.kunit-uml/$probe.o"
		done
	done
	return $bad
}

header_probe()
{
	echo "// SPDX-License-Identifier: GPL-2.0"
	for option in $(series_options "$tree"); do
		echo "#undef $option"
		[ "$2" = undef ] || echo "#define $option 1"
	done
	printf '#include <%s>\n#include <%s>\n' "$1" "$1"
}

plant_headers_include()
{
	sed -i '/^#include/d' include/linux/kiobuf.h
}

plant_headers_guard()
{
	sed -i '/^#ifndef _LINUX_KIOBUF_H/d; /^#define _LINUX_KIOBUF_H/d' \
		include/linux/kiobuf.h
	sed -i '$d' include/linux/kiobuf.h
}
