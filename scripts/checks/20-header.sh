# shellcheck shell=bash disable=SC2034,SC2154
checks+=(header)

# Author, date, subject "subsystem: imperative" of at most 75 columns, a body
# that wraps at 75, Assisted-by, and no Signed-off-by: that is the submitter's.
check_header()
{
	local info=$scratch/info body=$scratch/body subject bad=0

	sgit mailinfo -b "$body" /dev/null <"$patch" >"$info"
	subject=$(sed -n 's/^Subject: \(\[[^]]*\] *\)*//p' "$info")
	bad_header <"$info" || bad=1
	bad_subject "$subject" || bad=1
	bad_body <"$body" || bad=1
	return $bad
}

bad_header()
{
	awk '
		/^Author: ./ { author = 1 }
		/^Email: .*@/ { email = 1 }
		/^Date: ./ { date = 1 }
		END {
			if (!author || !email) print "no author (From:)"
			if (!date) print "no Date:"
			exit !(author && email && date)
		}'
}

bad_subject()
{
	local bad=0

	if [ ${#1} -gt 75 ]; then
		echo "the subject has ${#1} columns, more than 75: $1"
		bad=1
	fi
	if ! grep -qE '^[A-Za-z0-9][A-Za-z0-9/_.,+-]*(: [a-z0-9/_.+-]+)*: [A-Za-z]' \
			<<<"$1"; then
		echo "the subject is not \"subsystem: what is done\": $1"
		bad=1
	fi
	if grep -qiP ': (?!(bring|embed|feed|need) )([a-z]+(ed|ing)|adds|fixes|makes|removes|uses|brings|converts) ' \
			<<<"$1"; then
		echo "the subject is not in the imperative: $1"
		bad=1
	fi
	if [[ $1 = *. ]]; then
		echo "the subject ends with a period: $1"
		bad=1
	fi
	return $bad
}

bad_body()
{
	awk '
		function fail(text) { print text; bad = 1 }
		/^(Signed-off-by|Co-developed-by):/ { fail("not ours to give: " $0) }
		/^Assisted-by: LLM( [a-z0-9._-]+)*$/ { assisted = 1; next }
		/^[A-Z][a-z-]+-by: |^(Link|Closes|Fixes|Cc): / { next }
		/^---$/ { exit }
		NF { text++ }
		/^[ \t]|https?:/ { next }
		length($0) > 75 { fail("longer than 75 columns: " $0) }
		END {
			if (!assisted)
				fail("no \"Assisted-by: LLM [TOOLS]\"")
			if (!text)
				fail("no description")
			exit bad
		}'
}

mangle_header_subject()
{
	sed -i 's/^Subject: .*/Subject: [PATCH] Planted something/' "$1"
}

mangle_header_imperative()
{
	sed -i '/^Subject: /s/: plant /: planted /' "$1"
}

mangle_header_long_subject()
{
	sed -i '/^Subject: /s/$/ with words that go on and on until it is too long/' \
		"$1"
}

mangle_header_wrap()
{
	sed -i '/^This is/s/$/ This line goes on until it is longer than it may be./' \
		"$1"
}

mangle_header_no_body()
{
	sed -i '/^This is/d' "$1"
}

mangle_header_assisted()
{
	sed -i '/^Assisted-by/d' "$1"
}

mangle_header_signed()
{
	sed -i 's/^Assisted-by.*/&\nSigned-off-by: Somebody <somebody@example.org>/' \
		"$1"
}

mangle_header_author()
{
	sed -i '/^From: /d' "$1"
}

mangle_header_date()
{
	sed -i '/^Date: /d' "$1"
}
