# SPDX-License-Identifier: GPL-2.0
#
# Read planted bugs (see README there) and
#   -v mode=list            print, with tabs between, id, file, suites, why it
#                           survives, what it is and what it needs for each,
#                           "-" where there is none
#   -v mode=plant -v id=ID  print the second file with the bug ID in it
# Fails, with a message, on a bug that is not well formed or whose old lines
# are not found exactly once.

function fail(msg)
{
	print FILENAME ":" FNR ": " msg >"/dev/stderr"
	failed = 1
	exit 1
}

function or_dash(s)
{
	return s == "" ? "-" : s
}

function end_mutant()
{
	if (cur == "")
		return
	if (!nhunks)
		fail(cur ": no hunk (@@)")
	if (what == "")
		fail(cur ": no description")
	if (file == "")
		fail(cur ": no \"file\" line above it")
	if (mode == "list")
		print cur "\t" file "\t" or_dash(suites) "\t" \
		      or_dash(survives) "\t" what "\t" or_dash(needs)
	cur = ""
}

function end_hunk(   h)
{
	if (!in_hunk)
		return
	in_hunk = 0
	if (old == "" || old == new)
		fail(cur ": a hunk that changes nothing")
	if (cur == id) {
		h = ++planted
		hunk_func[h] = func_name
		hunk_old[h] = old
		hunk_new[h] = new
	}
}

# The first and last character of function f in src, by its brace in column 1
# and the line that names it.
function find_function(f,   rest, at, pos, line)
{
	rest = src
	pos = 0
	while (match(rest, "\n([a-z][^\n;]*[ *])?" f "\\([^;{]*\n{\n")) {
		from = pos + RSTART + 1
		at = index(substr(src, from), "\n}\n")
		if (!at)
			break
		to = from + at + 1
		return 1
	}
	return 0
}

# Replace the lines "old" between from and to by "new", once.
function replace(old, new, where,   text, at, more)
{
	text = substr(src, from, to - from + 1)
	at = index("\n" text, "\n" old)
	if (!at)
		fail(id ": these lines are not in " where ":\n" old)
	more = index(substr("\n" text, at + 1), "\n" old)
	if (more)
		fail(id ": these lines are in " where " more than once:\n" old)
	src = substr(src, 1, from - 1) substr(text, 1, at - 1) new \
		substr(text, at + length(old)) substr(src, to + 1)
}

NR != FNR { src = src $0 "\n"; next }

/^#/ { next }
/^[^@ +-]/ || /^$/ || /^@@/ { end_hunk() }
/^$/ { next }
/^file / { end_mutant(); file = $2; suites = ""; next }
/^suites / { end_mutant(); $1 = ""; sub(/^ /, ""); suites = $0; next }
/^mutant / {
	end_mutant()
	cur = $2
	if (NF != 2 || cur !~ /^[a-z0-9-]+$/)
		fail("a mutant needs one name of [a-z0-9-]")
	if (cur in seen)
		fail(cur ": there are two of this name")
	seen[cur] = 1
	what = survives = needs = ""
	nhunks = 0
	next
}
cur == "" { fail("not understood: " $0) }
/^survives: / { sub(/^survives: /, ""); survives = $0; next }
/^needs: (x86_64|guest), / { sub(/^needs: /, ""); needs = $0; next }
/^@@/ {
	func_name = $2
	old = new = ""
	in_hunk = 1
	nhunks++
	next
}
in_hunk && /^ / { old = old substr($0, 2) "\n"; new = new substr($0, 2) "\n"; next }
in_hunk && /^-/ { old = old substr($0, 2) "\n"; next }
in_hunk && /^\+/ { new = new substr($0, 2) "\n"; next }
!in_hunk && /^  [^ ]/ {
	sub(/^ +/, "")
	if (survives != "")
		survives = survives " " $0
	else if (needs != "")
		needs = needs " " $0
	else
		what = what (what == "" ? "" : " ") $0
	next
}
{ fail("not understood: " $0) }

END {
	if (failed)
		exit 1
	end_hunk()
	if (mode == "list") {
		end_mutant()
		exit failed
	}
	if (!planted) {
		print "no bug named " id >"/dev/stderr"
		exit 1
	}
	for (h = 1; h <= planted; h++) {
		from = 1
		to = length(src)
		where = "the file"
		if (hunk_func[h] != "") {
			where = hunk_func[h] "()"
			if (!find_function(hunk_func[h])) {
				print id ": no function " where >"/dev/stderr"
				exit 1
			}
		}
		replace(hunk_old[h], hunk_new[h], where)
	}
	printf "%s", src
}
