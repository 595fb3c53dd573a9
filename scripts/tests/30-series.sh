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

# The README's lines, as they stand, and scripts/apply, in git and plain trees.
test_all_ways_give_the_same_tree()
{
	local wanted how

	need_packages quilt patch
	mini_base
	"$REPO/scripts/tree" tree
	wanted=$(git -C tree rev-parse 'HEAD^{tree}')
	export KIOBUF=$REPO
	for how in quilt quiltimport scripts/apply; do
		readme "$how" >lines
		[ -s lines ]
		rm -rf plain git
		cp -rp mini plain
		cp -rp mini git
		git_tree git
		if [ $how != quiltimport ]; then
			(cd plain && bash -e ../lines)
			[ "$(tree_hash plain)" = "$wanted" ]
		fi
		if [ $how != quilt ]; then
			(cd git && bash -e ../lines)
			[ "$(git -C git rev-parse 'HEAD^{tree}')" = "$wanted" ]
			[ "$(git -C git rev-list --count HEAD)" = \
				"$(git -C tree rev-list --count HEAD)" ]
		fi
	done
	# And quilt takes it all out again.
	rm -rf plain
	cp -rp mini plain
	readme quilt >lines
	(cd plain && . ../lines && quilt pop -a)
	[ "$(tree_hash plain)" = "$(tree_hash mini)" ]
}
