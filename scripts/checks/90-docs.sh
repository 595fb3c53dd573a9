# shellcheck shell=bash disable=SC2034,SC2154
checks+=(docs)
full_checks+=(docs)

# htmldocs of the pages that the patch touches, or that show what it touches,
# gives no new warning, nor do these pages as plain text; the tests that a new
# page names, ``suite.test``, exist.
check_docs()
{
	local pages old new bad=0

	pages=$(doc_pages)
	[ -n "$pages" ] || not_for_this_patch
	named_tests_exist || bad=1
	need_packages python3-sphinx:sphinx-build \
		python3-yaml:py:yaml make
	new=$(doc_warnings "$commit" "$pages")
	[ -n "$new" ] || return $bad
	old=$(doc_warnings "$prev" "$pages")
	sgit checkout -q -f --detach "$commit"
	if comm -23 <(echo "$new") <(echo "$old") | grep .; then
		bad=1
	fi
	return $bad
}

# The pages that the patch touches, and those of the series with kernel-doc or
# text of a file that it touches.
doc_pages()
{
	local f page

	{
		touched 'Documentation/*.rst'
		for f in $(touched . ':!Documentation'); do
			for page in $(new_pages); do
				! grep -qE "^\.\. .*(/| )$f\$" "$page" ||
					echo "$page"
			done
		done
	} | sort -u
}

# The pages that the series has added by this patch.
new_pages()
{
	sgit diff --name-only --diff-filter=A base "$commit" -- \
		'Documentation/*.rst'
}

# doc_warnings COMMIT PAGES: without line numbers, sorted. Of each directory
# only these pages are built and its index, which names other pages in vain.
doc_warnings()
{
	local dir log=$scratch/docs.log out=$tree.docs page patterns builder

	sgit checkout -q -f --detach "$1"
	for dir in $(xargs -n 1 dirname <<<"$2" | sort -u); do
		patterns=index.rst
		while read -r page; do
			[ "${page%/*}" != "$dir" ] || patterns+=,${page##*/}
		done <<<"$2"
		for builder in html text; do
			rm -rf "$out"
			mkdir "$out"
			if ! make -C "$tree" O="$out" htmldocs \
					SPHINXDIRS="${dir#Documentation/}" \
					SPHINXOPTS="-b $builder -D include_patterns=$patterns" \
					>"$log" 2>&1; then
				cat "$log" >&2
				exit 1
			fi
			[ "$(find "$out" -name "index.${builder/text/txt}")" ] ||
				die "sphinx wrote no page as $builder"
			grep -E '(WARNING|ERROR|CRITICAL|SEVERE|Warning|Error): ' \
				"$log" | other_pages_exist "$dir" || :
		done
	done | sed -E "s|$tree/||g; s/:[0-9]+/:/g" | LC_ALL=C sort -u
}

# Drop what a page that was not built is missed for.
other_pages_exist()
{
	local line name

	while read -r line; do
		name=$(sed -nE "s/.*nonexisting document '([^']*)'.*/\1/p" \
			<<<"$line")
		if [ -z "$name" ] || [ ! -e "$tree/$1/$name.rst" ]; then
			echo "$line"
		fi
	done
}

named_tests_exist()
{
	local suites

	[ -n "$(new_pages)" ] || return 0
	expected_tests "$tree" >"$scratch/tests"
	suites=$(cut -d. -f1 "$scratch/tests" | sort -u | paste -sd'|')
	# shellcheck disable=SC2046 # kernel file names hold no blanks
	! grep -ohE "\`\`($suites)\.[a-z0-9_]+\`\`" $(new_pages) | tr -d '`' |
		grep -vxF -f "$scratch/tests" | sed 's/$/ is no test/'
}

plant_docs_markup()
{
	printf '\nPlanted\n=====\n' >>Documentation/core-api/pin_user_pages.rst
}

plant_docs_not_in_an_index()
{
	printf '=======\nPlanted\n=======\n' \
		>Documentation/core-api/kiobuf_planted.rst
	sgit add -f Documentation/core-api/kiobuf_planted.rst
}

plant_docs_index_of_nothing()
{
	sed -i 's/^   pin_user_pages$/&\n   kiobuf_planted/' \
		Documentation/core-api/index.rst
}

# What is wrong is only seen on the page.
plant_docs_kernel_doc()
{
	sed -i 's/^ \* Must be paired with/ * planted\n *     text\n&/' \
		include/linux/kiobuf.h
}

plant_docs_no_such_test()
{
	# shellcheck disable=SC2016
	printf '\n``kiobuf.planted_test``\n' >>Documentation/core-api/kiobuf.rst
}
