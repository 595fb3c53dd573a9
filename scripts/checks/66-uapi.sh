# shellcheck shell=bash disable=SC2034,SC2154
checks+=(uapi)
full_checks+=(uapi)

# The user space headers that the patch touches pass headers_check.pl once they
# are installed, and compile alone and twice, as C90 and as C++.
check_uapi()
{
	local f dir=$tree.uapi h std bad=0

	[ -n "$(touched 'include/uapi/linux/*.h')" ] || not_for_this_patch
	need_packages gcc g++ make
	kmake "$tree" x86 "$dir" headers
	for f in $(touched 'include/uapi/linux/*.h'); do
		h=${f#include/uapi/}
		perl usr/include/headers_check.pl "$dir/usr/include" \
			"$dir/usr/include/$h" || bad=1
		for std in c:c90 c:gnu11 c++:c++98 c++:c++17; do
			compiles_alone "$dir/usr/include" "$h" \
				"${std%%:*}" "${std##*:}" || bad=1
		done
	done
	return $bad
}

# compiles_alone INCLUDE HEADER LANGUAGE STANDARD
compiles_alone()
{
	printf '#include <%s>\n#include <%s>\n' "$2" "$2" |
		gcc -x "$3" -std="$4" -Wall -Wextra -Werror \
			-fsyntax-only -isystem /nonexistent -I "$1" - && return
	echo "$2 does not compile as $4"
	return 1
}

# Not C90.
plant_uapi_comment()
{
	sed -i 's|^#endif.*|// planted\n&|' include/uapi/linux/raw.h
}

# A type that only the kernel has.
plant_uapi_type()
{
	sed -i 's|^#endif.*|struct kiobuf_planted { u32 value; };\n&|' \
		include/uapi/linux/raw.h
}

# A name that C++ keeps for itself.
plant_uapi_cxx()
{
	sed -i 's|^#endif.*|struct kiobuf_planted { int class; };\n&|' \
		include/uapi/linux/raw.h
}

plant_uapi_extern()
{
	sed -i 's|^#endif.*|extern int kiobuf_planted(void);\n&|' \
		include/uapi/linux/raw.h
}
