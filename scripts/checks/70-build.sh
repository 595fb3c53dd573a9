# shellcheck shell=bash disable=SC2034,SC2154
checks+=(build)
full_checks+=(build)

# The kernel builds for UML with all suites on, every C file that the patch adds
# is in it, and with W=1 new files give no warning, and others none about lines of
# the patch.
check_build()
{
	local f obj bad=0

	"$REPO/scripts/kunit" --tree "$tree" --build-only
	[ -n "$(c_files)" ] || not_for_this_patch
	for f in $(c_files); do
		obj=${f%.c}.o
		if [ ! -f "$tree.kunit-uml/$obj" ]; then
			# A driver that UML lacks: check_builds has it.
			is_new "$f" || continue
			echo "$f is not in the kernel: no .kunitconfig of the" \
				"patch switches it on"
			bad=1
			continue
		fi
		# It would say nothing about an object that it need not make.
		rm "$tree.kunit-uml/$obj"
		quiet_about_ours uml_make W=1 "$obj" || bad=1
	done
	return $bad
}

# uml_make ARGS...: make in the build directory that scripts/kunit uses.
uml_make()
{
	kmake "$tree" um "$tree.kunit-uml" "$@"
}

plant_build_error()
{
	printf '\nint kiobuf_planted(void);\nint kiobuf_planted(void)\n%s\n' \
		$'{\n\treturn kiobuf_nothing;\n}' >>mm/kiobuf.c
}

# A warning of W=1 only.
plant_build_warning()
{
	printf '\nint kiobuf_planted(void)\n{\n\treturn 0;\n}\n' >>mm/kiobuf.c
}

plant_build_not_compiled()
{
	printf '// SPDX-License-Identifier: GPL-2.0\nint kiobuf_planted;\n' \
		>mm/kiobuf_planted.c
	sgit add -f mm/kiobuf_planted.c
}
