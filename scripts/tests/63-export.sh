# shellcheck shell=bash disable=SC2164,SC2016,SC1091,SC2154
# scripts/export: what would be mailed, and when nothing would be.

# What get_maintainer.pl and checkpatch.pl need of a kernel tree.
for_perl=(scripts LICENSES COPYING CREDITS README Documentation/process
	drivers/char/mem.c fs/Makefile include/linux/uio.h init/main.c
	ipc/util.h kernel/fork.c lib/Kconfig mm/Makefile)

# In repo, this repository with two patches only, as somebody's own.
own_repo()
{
	mini_base "${for_perl[@]}"
	copy_repo repo
	container=$(cd repo/patches && echo *-mm-kiobuf-add-a-container-*)
	grep -E "^#|^$|-um-|^$container" repo/series >series
	mv series repo/series
	container=repo/patches/$container
	git init -q repo
	git -C repo config user.name 'Ada Lovelace'
	git -C repo config user.email ada@lovelace.test
	commit_repo first
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
		repo/scripts/export --to out
	git -C repo config user.name 'Ada Lovelace'
	fails 'no user.name or no user.email' repo/scripts/export --to out
	for who in 'root root@localhost' 'kiobuf kiobuf@example.org' \
			'Your_Name you@mail.test' 'Ada ada@example.com' \
			'Ada ada@host' 'Ada 1+ada@users.noreply.mail.test' \
			'Patch-bot a@mail.test'; do
		git -C repo config user.name "${who% *}"
		git -C repo config user.email "${who#* }"
		fails 'is a placeholder, not a person' \
			repo/scripts/export --to out
	done
	[ ! -e out ]
}

test_export_is_what_is_mailed()
{
	local p

	own_repo
	repo/scripts/export --rfc --to out
	fails 'out exists' repo/scripts/export --to out
	[ "$(cd out && echo *)" = "$(cd out && echo 0000-cover-letter.patch \
		0001-um*.patch 0002-mm*.patch)" ]
	for p in out/*; do
		says '^From: Ada Lovelace <ada@lovelace.test>$' <"$p"
		says '^Subject: \[RFC PATCH [0-2]/2\] ' <"$p"
		says '^To: .+@' <"$p"
		says '^Cc: .+@' <"$p"
		lacks 'example\.org|Kiobuf Developers' <"$p"
	done
	says '^(To:|   ) Richard Weinberger <' <out/0001*
	lacks Weinberger <out/0002*
	says 'linux-mm@kvack.org' <out/0002*
	says '^    Christoph Hellwig <|^Cc: Christoph Hellwig <' <out/0002*
	says 'Weinberger' <out/0000*
	says '^    linux-mm@kvack.org' <out/0000*
	says '^  1 +Independent fixes' <out/0000*
	says '^  2 +mm: the memory half' <out/0000*
	says '^ mm/kiobuf.c ' <out/0000*
	lacks '<<|\*\*\*|base-commit|Range-diff|Changes in' <out/0000*

	git_tree mini
	git -C mini am -q "$PWD"/out/000[12]*
	[ "$(git -C mini log -2 --format='%an|%(trailers:key=Signed-off-by)' |
		sort -u | grep .)" = \
		'Ada Lovelace|Signed-off-by: Ada Lovelace <ada@lovelace.test>' ]
	says '^M:.Ada Lovelace <ada@lovelace.test>$' <mini/MAINTAINERS
}

test_export_checks_the_result()
{
	own_repo
	sed -i 's/^+\treturn 0;$/& /' "$container"
	fails 'TRAILING_WHITESPACE' repo/scripts/export --to out
	[ ! -e out ]
}

test_export_knows_placeholders()
{
	own_repo
	sed -i 's/^From: .*@.*/From: kb <kb@localhost>/' "$container"
	fails 'is from kb <kb@localhost>, which is nobody' \
		repo/scripts/export --to out
}

test_export_names_its_base()
{
	own_repo
	fails 'mini is not a git tree' repo/scripts/export --to out \
		--kdir "$T/mini"
	git_tree mini
	fails "has no tag $BASE_GIT_REF" repo/scripts/export --to out --kdir mini
	git -C mini tag "$BASE_GIT_REF"
	echo "# more" >>mini/Makefile
	git -C mini commit -q -a -m "after it"
	repo/scripts/export --to out --kdir mini
	says "^base-commit: $(git -C mini rev-parse "$BASE_GIT_REF")\$" \
		<out/0000*
	says "^This is based on $BASE_GIT_REF\.\$" <out/0000*
	[ -z "$(git -C mini status --porcelain)" ]
}

test_export_of_version_2()
{
	own_repo
	fails 'no tag sent-v1' repo/scripts/export --to out --version 2
	git -C repo tag -a sent-v1 -m https://lore.kernel.org/r/1@lovelace.test
	fails 'does not tell what changed in v2' \
		repo/scripts/export --to out --version 2
	printf '\nv2:\n- Explain it better (Charles)\n' \
		>>repo/MAINTAINERS-notes/changelog
	sed -i 's/^Add struct kiobuf to/Let struct kiobuf/' "$container"
	commit_repo second
	repo/scripts/export --to out --version 2
	says '^Subject: \[PATCH v2 1/2\]' <out/v2-0001*
	says '^Changes in v2:$' <out/v2-0000*
	says '^- Explain it better \(Charles\)$' <out/v2-0000*
	says '^- Link to v1: https://lore.kernel.org/r/1@lovelace.test$' \
		<out/v2-0000*
	says '^Range-diff against v1:$' <out/v2-0000*
	says '^ +\+ +Let struct kiobuf' <out/v2-0000*
}

# Each test that the notes name exists.
test_notes_name_tests()
{
	local dir=$REPO/MAINTAINERS-notes tests suites files

	sgit init -q tree
	sgit -C tree commit -q --allow-empty -m base
	sgit -C tree tag base
	mapfile -t files < <(series_files)
	(cd tree && sgit apply --include='*_kunit.c' "${files[@]}")
	sgit -C tree add -A -f
	tests=$(expected_tests "$T/tree")
	suites=$(cut -d. -f1 <<<"$tests" | sort -u | paste -sd'|')
	grep -qx kiobuf_io.complete_against_free <<<"$tests"
	grep -ohE "\`($suites)\.[a-z0-9_]+\`" "$dir/README.md" | tr -d '`' >named
	[ "$(wc -l <named)" -gt 3 ]
	grep -vxF -f <(echo "$tests") named >unknown || [ ! -s unknown ]
}

# The command in the notes gives the number that they and the cover letter name.
test_notes_count_the_drivers()
{
	local dir=$REPO/MAINTAINERS-notes cmd n base

	cmd=$(grep '^git grep' "$dir/README.md")
	base=$("$REPO/scripts/base")
	n=$(cd "$base" && eval "$cmd")
	grep -q "^$n files in v$BASE_VERSION\." "$dir/README.md"
	grep -q " $n files in drivers/ of v$BASE_VERSION " "$dir/cover-letter"
}

# What the notes say to type, but for scripts/test itself and for /tmp: all of
# the series is exported on the real base, would be mailed, and applies to it.
test_commands_of_the_notes()
{
	local base wanted

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
	[ "$(find v1 -name '*.patch' | wc -l)" = \
		$(($(series_patches | wc -l) + 1)) ]
	[ "$(grep -c '^Result: OK' said)" = "$(find v1 -name '*.patch' |
		wc -l)" ]
	git -C repo rev-parse -q --verify sent-v1

	rm v1/0000*
	git -C home/linux checkout -q -b series base
	git -C home/linux am -q "$PWD"/v1/*.patch
	wanted=$(series_tree home/linux base)
	git -C home/linux diff "$wanted" HEAD | grep '^[-+][^-+]' >changed
	says '^[+]M:.Ada Lovelace' <changed
	! grep -v '^[-+]M:' changed
}
