# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# The series as files, as a tree, and back.

# edited_tree: a copy of the repository in repo, a tree of it in tree.
edited_tree()
{
	mini_base
	copy_repo repo
	repo/scripts/tree tree
	cd tree
}

test_refresh_without_an_edit_changes_nothing()
{
	edited_tree
	../repo/scripts/refresh "$PWD" >out
	says '^no change$' <out
	diff -r "$REPO/patches" ../repo/patches
	cmp "$REPO/series" ../repo/series
}

test_refresh_after_edits()
{
	local n last heading

	edited_tree
	n=$(series_patches | wc -l)
	last=$(series_patches | tail -n 1)
	heading=$(grep -m 1 '^#' "$REPO/series" || :)
	git reset -q --hard HEAD~1
	echo >>MAINTAINERS
	git commit -qam "mm: add a line"
	# A new subject for the first patch.
	GIT_SEQUENCE_EDITOR='sed -i "1s/^pick/reword/"' \
		GIT_EDITOR='sed -i "1s/.*/mm: a new subject/"' \
		git rebase -q -i base
	../repo/scripts/refresh "$PWD" >out
	says "^renamed ${last#*-} -> mm-add-a-line.patch$" <out
	says '^renamed .* -> mm-a-new-subject.patch$' <out
	[ -f ../repo/patches/0001-mm-a-new-subject.patch ]
	[ -f "$(printf '../repo/patches/%04d-mm-add-a-line.patch' "$n")" ]
	[ ! -e "../repo/patches/$last" ]
	[ "$(grep -m 1 '^#' ../repo/series || :)" = "$heading" ]
	[ "$(grep -c '^#' ../repo/series || :)" = \
		"$(grep -c '^#' "$REPO/series" || :)" ]

	# One more patch, one less.
	echo >>MAINTAINERS
	git commit -qam "mm: add another line"
	../repo/scripts/refresh "$PWD" | says '^added mm-add-another-line.patch$'
	git reset -q --hard HEAD~2
	../repo/scripts/refresh "$PWD" >out
	says '^removed mm-add-another-line.patch$' <out
	says '^removed mm-add-a-line.patch$' <out
	[ "$(find ../repo/patches -type f | wc -l)" = $((n - 1)) ]
}

test_headings_stay_with_their_patches()
{
	edited_tree
	git reset -q --hard base
	for s in a b c d; do
		echo $s >>MAINTAINERS
		git commit -qam "mm: $s"
	done
	: >../repo/series
	../repo/scripts/refresh "$PWD"
	printf '%s\n' '# one' 0001-mm-a.patch 0002-mm-b.patch '' '# two' \
		0003-mm-c.patch 0004-mm-d.patch >../repo/series
	cp ../repo/series wanted
	../repo/scripts/refresh "$PWD"
	cmp wanted ../repo/series
	# Without c, the second heading goes to d; without d, it goes.
	git reset -q --hard HEAD~2
	echo d >>MAINTAINERS
	git commit -qam 'mm: d'
	../repo/scripts/refresh "$PWD"
	printf '%s\n' '# one' 0001-mm-a.patch 0002-mm-b.patch '' '# two' \
		0003-mm-d.patch | cmp - ../repo/series
	git reset -q --hard HEAD~1
	../repo/scripts/refresh "$PWD"
	printf '%s\n' '# one' 0001-mm-a.patch 0002-mm-b.patch |
		cmp - ../repo/series
}

test_refresh_refuses()
{
	edited_tree
	echo >>MAINTAINERS
	fails 'uncommitted changes' ../repo/scripts/refresh "$PWD"
	git commit -qam 'twice the same'
	echo >>MAINTAINERS
	git commit -qam 'twice the same'
	fails 'same subject' ../repo/scripts/refresh "$PWD"
	git reset -q --hard base
	fails 'no commit' ../repo/scripts/refresh "$PWD"
	git tag -d base
	fails 'no tag' ../repo/scripts/refresh "$PWD"
	diff -r "$REPO/patches" ../repo/patches
}

test_tree_lets_git_see_new_files()
{
	edited_tree
	touch mm/new.c
	[ "$(git status --porcelain)" = '?? mm/new.c' ]
}

test_refresh_keeps_what_was_edited_by_hand()
{
	small_repo
	git init -q repo
	git -C repo add -A
	git -C repo commit -qm first
	repo/scripts/refresh tree | says 'no change'
	echo >>tree/mm/gup.c
	git -C tree commit -qam 'mm/gup: more'
	# What it wrote itself it may write again.
	repo/scripts/refresh tree | says 'added mm-gup-more.patch'
	repo/scripts/refresh tree | says 'no change'
	sed -i 's/^Because/By hand/' repo/patches/0003-*.patch
	fails 'not committed, and not from here:.*0003' repo/scripts/refresh tree
	grep -q '^By hand' repo/patches/0003-*.patch
	repo/scripts/refresh --force tree
	! grep -q '^By hand' repo/patches/0003-*.patch
}

# The parts of the series, by all who take one.
test_parts()
{
	small_repo
	[ "$(REPO=repo series_parts | paste -sd' ')" = 'fixes gup kiobuf raw' ]
	[ "$(PART=gup REPO=repo series_patches | wc -l)" = 3 ]
	[ "$(PART=gup REPO=repo first_patch)" = 3 ]
	repo/scripts/tree --part kiobuf part
	[ -e part/mm/new/tests/a.c ]
	[ -e part/drivers/char/old.c ]
	[ "$(git -C part rev-list --count base..)" = 5 ]
	[ "$(git -C part rev-parse 'HEAD^{tree}')" = \
		"$(git -C tree rev-parse 'HEAD~1^{tree}')" ]
	fails 'no part nosuch, it has: fixes gup kiobuf raw' \
		repo/scripts/tree --part nosuch other
	# Headings stay, as others do.
	repo/scripts/refresh tree
	[ "$(REPO=repo series_parts | paste -sd' ')" = 'fixes gup kiobuf raw' ]
}

test_recorded_hashes()
{
	local base

	base=$("$REPO/scripts/base")
	[ "$(sgit -C "$base" rev-parse 'base^{tree}')" = "$BASE_TREE" ] || {
		echo "this is another base: no hash of it is recorded"
		return 0
	}
	[ "$(sgit -C "$base" rev-parse "$(series_commit "$base" base)^{tree}")" = \
		"$SERIES_TREE" ]
}

# A tree as git clone makes one of the next release, which changed a file.
next_release()
{
	cp -rp mini next
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 4/' next/Makefile
	sed -i "$1" next/mm/gup.c
}

test_rebase_without_a_conflict()
{
	small_repo
	next_release '1s/^/new /'
	rm -rf tree
	for kind in plain git; do
		[ $kind = plain ] || git_tree next
		repo/scripts/rebase next tree
		repo/scripts/refresh tree >out
		[ "$(git -C tree show HEAD:mm/gup.c | head -n 1)" = \
			'new /* mm/gup.c: line 1 */' ]
		says "^BASE_TESTED=7.4.4" <repo/configs/base
		says "^BASE_TREE=$(tree_hash next)" <repo/configs/base
		says "^SERIES_TREE=$(git -C tree rev-parse 'HEAD^{tree}')" \
			<repo/configs/base
		[ "$(REPO=repo series_parts | paste -sd' ')" = \
			'fixes gup kiobuf raw' ]
		# With the new tree as base all goes on.
		KDIR=$PWD/next repo/scripts/tree again
		[ "$(git -C again rev-parse 'HEAD^{tree}')" = \
			"$(git -C tree rev-parse 'HEAD^{tree}')" ]
		rm -rf tree again
	done
}

test_rebase_with_a_conflict()
{
	small_repo
	next_release 's/line 10 /line ten /'
	rm -rf tree
	if KDIR=$PWD/next repo/scripts/base 2>err; then return 1; fi
	says 'WARNING.*does not apply to v7.4.*scripts/rebase puts it' <err
	says 'This KDIR can not be the base' <err
	lacks 'Give one' <err
	fails '3 of 6 patches: "mm/gup: add ranges" does not fit v7.4' \
		repo/scripts/rebase next tree
	fails 'in the middle of a git rebase' repo/scripts/refresh tree
	(
		cd tree
		git checkout -q base -- mm/gup.c
		sed -i 's/line ten /changed &/' mm/gup.c
		git add -A
		GIT_EDITOR=true git rebase --continue
	)
	repo/scripts/refresh tree >out
	[ "$(grep -v '^changed mm-gup-add-ranges.patch\|^changed raw-add-it.patch' out)" = '' ]
	KDIR=$PWD/next repo/scripts/base
}

# How the README puts it, by the user who owns the trees: every way into every kind
# of tree, and out again.
test_journey_of_a_new_user()
{
	local wanted before how kind

	need_packages quilt patch
	small_repo
	wanted=$(git -C tree rev-parse 'HEAD^{tree}')
	cp -rp mini plain
	cp -rp mini git
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 plain git repo "$T"
	as_user git init -q git
	as_user git -C git add -A -f
	as_user git -C git commit -qm 'the tree'
	export KIOBUF=$T/repo
	for how in 'git am' quilt quiltimport scripts/apply; do
		readme "$how" >lines
		[ -s lines ]
		for kind in git plain linked; do
			[[ $kind = git || $how = @(quilt|scripts/apply) ]] ||
				continue
			rm -rf user
			case $kind in
			linked) as_user cp -al plain user ;;
			*) as_user cp -rp $kind user ;;
			esac
			[ $kind != git ] || as_user git -C user status -s
			before=$(snapshot user)
			(cd user && as_user bash -e ../lines)
			[ "$(tree_hash user)" = "$wanted" ]
			[ "$(tree_hash plain)" = "$(tree_hash mini)" ]
			case $how in
			quilt) (cd user && eval "$(grep ^export ../lines)" &&
				as_user quilt pop -a && rm -rf .pc) ;;
			scripts/apply) as_user repo/scripts/apply --reverse user ;;
			*) as_user git -C user reset -q --hard HEAD~6 ;;
			esac
			[ "$(tree_hash user)" = "$(tree_hash mini)" ]
			[ "$how" != scripts/apply ] ||
				[ "$(snapshot user)" = "$before" ]
		done
	done
	# Not to be written, and not theirs.
	rm -rf user
	as_user cp -rp plain user
	chmod -R a-w user
	before=$(snapshot user)
	fails 'can not be written' as_user repo/scripts/apply user
	[ "$(snapshot user)" = "$before" ]
	chmod -R u+w user
	if [ "$(id -u)" = 0 ]; then
		chown -R 0:0 git
		fails 'dubious ownership' as_user repo/scripts/apply git
		fails 'dubious ownership' as_user git -C git am "$KIOBUF"/patches/*
	fi
}

# What the README says about quilt and the other scripts.
test_what_quilt_refreshed_is_taken()
{
	local wanted

	need_packages quilt patch
	small_repo
	cp -rp mini plain
	cp -rp mini other
	export QUILT_PATCHES=$T/repo/patches QUILT_SERIES=$T/repo/series
	export QUILT_PATCHES_PREFIX='' EDITOR='sed -i s/line.20/line.twenty/'
	readme 'quilt edit' | grep . >lines
	sed -i "s/PATCH .*/$(REPO=repo series_patches | sed -n 3p)/" lines
	(cd plain && bash -ex ../lines && quilt push -a && quilt refresh)
	lacks '^diff --git' <repo/patches/0003-*.patch
	wanted=$(tree_hash plain)
	repo/scripts/apply other
	[ "$(tree_hash other)" = "$wanted" ]
	repo/scripts/apply --reverse other
	[ "$(tree_hash other)" = "$(tree_hash mini)" ]
	# And the canonical form comes back.
	rm -rf tree
	repo/scripts/tree tree
	[ "$(git -C tree rev-parse 'HEAD^{tree}')" = "$wanted" ]
	repo/scripts/refresh tree
	says '^diff --git a/mm/gup.c' <repo/patches/0003-*.patch
}

# The real series, on what it touches: all ways give the same.
test_all_ways_give_the_same_tree()
{
	local wanted how

	need_packages quilt patch
	mini_base
	"$REPO/scripts/tree" tree
	wanted=$(git -C tree rev-parse 'HEAD^{tree}')
	git_tree mini
	export KIOBUF=$REPO
	for how in 'git am' quilt quiltimport scripts/apply; do
		readme "$how" >lines
		rm -rf git
		cp -rp mini git
		git -C git update-index -q --refresh
		(cd git && bash -e ../lines)
		[ "$(tree_hash git)" = "$wanted" ]
	done
}
