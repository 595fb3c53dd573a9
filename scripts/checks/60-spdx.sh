# shellcheck shell=bash disable=SC2034,SC2154
checks+=(spdx)

# spdxcheck.py accepts the license line of every file touched, and each new
# file has one.
check_spdx()
{
	local f files out python bad=0

	files=$(touched . ':!MAINTAINERS')
	[ -n "$files" ] || not_for_this_patch
	need_checkpatch
	python=$(python_with git,ply)
	# shellcheck disable=SC2086 # kernel file names hold no blanks
	out=$("$python" scripts/spdxcheck.py $files 2>&1) || bad=1
	[ -z "$out" ] || { echo "$out"; bad=1; }
	for f in $files; do
		is_new "$f" || continue
		case $f in
		*.txt | Documentation/ABI/* | */.kunitconfig | */config | */.gitignore) continue ;;
		esac
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: ' || {
			echo "$f: no SPDX-License-Identifier"
			bad=1
		}
	done
	return $bad
}

plant_spdx_unknown()
{
	sed -i '1s/GPL-2.0.*/GPL-5.0/' mm/kiobuf.c
}

plant_spdx_missing()
{
	printf '/* A header */\n' >mm/planted_file.h
	sgit add -f mm/planted_file.h
}
