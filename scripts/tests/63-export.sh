# shellcheck shell=bash disable=SC2164,SC2016,SC1091,SC2154
# scripts/export: what would be mailed, and when nothing would be.

# What get_maintainer.pl and checkpatch.pl need of a kernel tree.
for_perl=(scripts LICENSES COPYING CREDITS README Documentation/process
	drivers/char/mem.c fs/Makefile include/linux/uio.h init/main.c
	ipc/util.h kernel/fork.c lib/Kconfig mm/Makefile)

# In repo, this repository with a small series in parts, as somebody's own, on some
# real files of the kernel.
own_repo()
{
	mini_base "${for_perl[@]}" mm/gup.c lib/iov_iter.c drivers/char/mem.c
	empty_series
	(
		cd tree
		echo '/* One. */' >>drivers/char/mem.c
		small_commit 'char: mem: say one'
		echo '/* Two. */' >>lib/iov_iter.c
		small_commit 'lib/iov_iter: say two'
		echo '/* Three. */' >>mm/gup.c
		small_commit 'mm/gup: say three'
		echo '/* Four. */' >>lib/iov_iter.c
		small_commit 'iov_iter: say four'
		printf '// SPDX-License-Identifier: GPL-2.0\n/* Five. */\n' \
			>mm/kiobuf.c
		sed -i '/^KMEMLEAK$/i KIOBUF\nM:\tKiobuf Developers <kiobuf@example.org>\nL:\tlinux-mm@kvack.org\nS:\tMaintained\nF:\tmm/kiobuf.c\n' \
			MAINTAINERS
		small_commit 'mm: kiobuf: say five'
	)
	repo/scripts/refresh tree
	part_headings 'fixes 1 gup 3 kiobuf 5'
	git init -q repo
	git -C repo config user.name 'Ada Lovelace'
	git -C repo config user.email ada@lovelace.test
	commit_repo first
	gup=(repo/scripts/export --part gup --to out)
	third=$(echo repo/patches/0003-*)
}

commit_repo()
{
	git -C repo add -A
	git -C repo commit -q -m "$1"
}

test_export_wants_a_person()
{
	local who

	copy_repo repo
	git init -q repo
	fails 'no user.name .*Developer Certificate.*person' \
		repo/scripts/export --part gup --to out
	git -C repo config user.name 'Ada Lovelace'
	fails 'no user.name or no user.email' repo/scripts/export --part gup --to out
	for who in 'root root@localhost' 'kiobuf kiobuf@example.org' \
			'Your_Name you@mail.test' 'Ada ada@example.com' \
			'Ada ada@host' 'Ada 1+ada@users.noreply.mail.test' \
			'Patch-bot a@mail.test'; do
		git -C repo config user.name "${who% *}"
		git -C repo config user.email "${who#* }"
		fails 'is a placeholder, not a person' \
			repo/scripts/export --part gup --to out
	done
	[ ! -e out ]
}

test_export_is_what_is_mailed()
{
	local p

	own_repo
	mkdir -p repo/MAINTAINERS-notes/results
	echo 'a figure: 42' >repo/MAINTAINERS-notes/results/figures
	sed -i 's,^<<changes>>,<<results/figures>>\n&,' \
		repo/MAINTAINERS-notes/gup/cover-letter
	fails '--part or --patch. The parts are fixes gup kiobuf' \
		repo/scripts/export --to out
	"${gup[@]}" --rfc
	fails 'out exists' "${gup[@]}"
	[ "$(cd out && echo *)" = "$(cd out && echo 0000-cover-letter.patch \
		0001-mm-gup*.patch 0002-iov_iter*.patch)" ]
	for p in out/*; do
		says '^From: Ada Lovelace <ada@lovelace.test>$' <"$p"
		says '^Subject: \[RFC PATCH [0-2]/2\] ' <"$p"
		says '^To: .+@' <"$p"
		says '^Cc: .+@|^    .+@' <"$p"
		lacks 'example\.org|Kiobuf Developers' <"$p"
	done
	says 'David Hildenbrand <' <out/0001*
	says 'Christoph Hellwig <' <out/0002*
	says 'Christoph Hellwig <' <out/0000*
	says '^    linux-mm@kvack.org|: linux-mm@kvack.org' <out/0000*
	says 'ailLu70plC9WK2dB@infradead.org' <out/0000*
	says '^a figure: 42$' <out/0000*
	says '^ mm/gup.c ' <out/0000*
	lacks '<<|\*\*\*|base-commit|Range-diff|Changes in' <out/0000*

	# On the parts before it, of which nothing is in it.
	git_tree mini
	git -C mini am -q "$PWD"/repo/patches/000[12]*
	git -C mini am -q "$PWD"/out/000[12]*
	[ "$(git -C mini log -2 --format='%an|%(trailers:key=Signed-off-by)' |
		sort -u | grep .)" = \
		'Ada Lovelace|Signed-off-by: Ada Lovelace <ada@lovelace.test>' ]
	git -C mini diff --quiet HEAD~2 -- drivers
}

# A part without a cover letter is single mails; so is one patch, and the last part
# puts the sender's name where it belongs.
test_export_of_fixes_and_of_one_patch()
{
	own_repo
	repo/scripts/export --part fixes --to out
	[ "$(cd out && echo *)" = '0001-char-mem-say-one.patch 0002-lib-iov_iter-say-two.patch' ]
	says '^Subject: \[PATCH\] char: mem: say one$' <out/0001*
	says '^Subject: \[PATCH\] lib/iov_iter: say two$' <out/0002*
	repo/scripts/export --patch 5 --to one
	[ "$(cd one && echo *)" = 0001-mm-kiobuf-say-five.patch ]
	says '^[+]M:.Ada Lovelace <ada@lovelace.test>$' <one/*
	says 'Jason Gunthorpe <' <one/*
	# The second patch to one file, without the first.
	repo/scripts/export --patch 4 --to two
	says '^Subject: \[PATCH\] iov_iter: say four$' <two/*
	fails 'has no such patch' repo/scripts/export --patch 6 --to three
}

test_export_checks_the_result()
{
	own_repo
	sed -i 's/^+.. Three.*/& /' "$third"
	fails 'TRAILING_WHITESPACE' "${gup[@]}"
	[ ! -e out ]
}

test_export_knows_placeholders()
{
	own_repo
	sed -i 's/^From: .*@.*/From: kb <kb@localhost>/' "$third"
	fails 'is from kb <kb@localhost>, which is nobody' "${gup[@]}"
}

# What quilt refresh or diff leave is exported like the rest.
test_export_takes_patches_without_git_headers()
{
	own_repo
	sed -i '/^diff --git /d; /^index /d' "$third"
	"${gup[@]}"
	says '^diff --git a/mm/gup.c' <out/0001*
}

test_export_names_its_base()
{
	own_repo
	fails 'mini is not a git tree' "${gup[@]}" --kdir "$T/mini"
	git_tree mini
	fails "has no $BASE_GIT_REF" "${gup[@]}" --kdir mini
	git -C mini tag "$BASE_GIT_REF"
	echo "# more" >>mini/Makefile
	git -C mini commit -q -a -m "after it"
	git -C mini branch mm-new
	"${gup[@]}" --kdir mini
	says "^base-commit: $(git -C mini rev-parse "$BASE_GIT_REF")\$" <out/0000*
	says "^prerequisite-patch-id: " <out/0000*
	says "^This is based on $BASE_GIT_REF\.\$" <out/0000*
	[ -z "$(git -C mini status --porcelain)" ]
	rm -r out
	"${gup[@]}" --kdir mini --base mm-new
	says "^base-commit: $(git -C mini rev-parse mm-new)\$" <out/0000*
	says "^This is based on mm-new\.\$" <out/0000*
	rm -r out
	fails 'has no nosuch' "${gup[@]}" --kdir mini --base nosuch
}

test_export_of_version_2()
{
	own_repo
	fails 'no tag sent-gup-v1' "${gup[@]}" --version 2
	git -C repo tag -a sent-gup-v1 -m https://lore.kernel.org/r/1@lovelace.test
	fails 'does not tell what changed in v2' "${gup[@]}" --version 2
	printf '\nv2:\n- Explain it better (Charles)\n' \
		>>repo/MAINTAINERS-notes/gup/changelog
	sed -i 's/^Because\./Explain it./' "$third"
	commit_repo second
	"${gup[@]}" --version 2
	says '^Subject: \[PATCH v2 1/2\]' <out/v2-0001*
	says '^Changes in v2:$' <out/v2-0000*
	says '^- Explain it better \(Charles\)$' <out/v2-0000*
	says '^- Link to v1: https://lore.kernel.org/r/1@lovelace.test$' \
		<out/v2-0000*
	says '^Range-diff against v1:$' <out/v2-0000*
	says '^ +\+ +Explain it' <out/v2-0000*
	lacks 'mem: say one' <out/v2-0000*
}

# part_patches PART: those of that part alone.
part_patches()
{
	series_list | awk -v part="$1" -v dir="$REPO/patches/" \
		'$1 == part { print dir $2 }'
}

# Every part has its page; each row of the page's table, "| `FILES` | WHO |", holds
# for every patch of the part.
test_patches_go_to_whom_the_notes_name()
{
	local part page glob who name p checked=0

	for part in $(series_parts); do
		page=$REPO/MAINTAINERS-notes/$part/README.md
		[ -s "$page" ]
		"$REPO/scripts/export" --people --part "$part" >people
		while IFS='|' read -r _ glob who _; do
			glob=$(tr -d ' `' <<<"$glob")
			for p in $(part_patches "$part"); do
				patch_files "$p" | while read -r name; do
					# shellcheck disable=SC2053 # a pattern
					[[ $name != $glob ]] || echo yes
				done | grep -q yes || continue
				sed -n "/^${p##*/}/,/^0/p" people >of
				while read -r name; do
					grep -qF -e "$name" of || {
						echo "${p##*/}: not to $name"
						return 1
					}
				done < <(tr , '\n' <<<"$who" | sed 's/^ *//; s/ *$//')
				checked=$((checked + 1))
			done
		done < <(grep '^| `' "$page")
	done
	[ "$checked" -gt 5 ]
}

# The command in the notes gives the number that they and the cover letter name.
test_notes_count_the_drivers()
{
	local dir=$REPO/MAINTAINERS-notes/kiobuf cmd n base

	cmd=$(grep '^git grep' "$dir/README.md")
	base=$("$REPO/scripts/base")
	n=$(cd "$base" && eval "$cmd")
	grep -q "^$n files in v$BASE_VERSION\." "$dir/README.md"
	grep -q "^$n files in drivers/ of v$BASE_VERSION " "$dir/cover-letter"
}

# What the notes say to type, but for scripts/test itself and for /tmp: a part of
# the series is exported on the real base, would be mailed, and applies to it.
long_commands_of_the_notes()
{
	local base first n

	need_packages git-email:/usr/lib/git-core/git-send-email
	copy_repo repo
	git init -q repo
	commit_repo first
	base=$("$REPO/scripts/base")
	sgit clone -q --shared "$base" home/linux
	git -C home/linux tag "$BASE_GIT_REF" base
	commands repo/MAINTAINERS-notes/README.md 'git send-email' >lines
	commands repo/MAINTAINERS-notes/README.md 'git tag' >>lines
	[ "$(grep -c . lines)" = 4 ]
	sed -i "s|/tmp/|$T/|; /^scripts\/test --long /d" lines

	# Whatever this repository's own configuration says.
	export GIT_CONFIG_COUNT=3
	export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='Ada Lovelace'
	export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=ada@lovelace.test
	export GIT_CONFIG_KEY_2=sendemail.confirm GIT_CONFIG_VALUE_2=never
	(
		cd repo
		export XDG_CACHE_HOME=${CACHE%/*} HOME=$T/home
		bash -ex ../lines
	) >said
	use_part gup
	first=$(first_patch)
	n=$(($(series_patches | wc -l) - first + 1))
	[ "$(find gup-v1 -name '*.patch' | wc -l)" = $((n + 1)) ]
	[ "$(grep -c '^Result: OK' said)" = $((n + 1)) ]
	git -C repo rev-parse -q --verify sent-gup-v1

	# On what is before it, it makes the tree that the series makes.
	rm gup-v1/0000*
	# shellcheck disable=SC2046 # format-patch names hold no blanks
	commit=$(commit_patches home/linux base $(series_files |
		head -n $((first - 1))) | tail -n 1)
	git -C home/linux checkout -q -b series "${commit:-base}"
	git -C home/linux am -q "$PWD"/gup-v1/*.patch
	git -C home/linux diff --exit-code "$(series_commit home/linux base)" \
		HEAD -- ':!MAINTAINERS'
}
